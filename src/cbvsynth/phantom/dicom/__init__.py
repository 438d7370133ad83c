"""The phantom as the DICOM files of a clinic, so that what reads DICOM can be tried without a patient.

Reading order: `vendors` (how three of them name and store things), `datasets` (one volume as DICOM),
`examination` (a study of several series in a folder). Needs pydicom, the extra `dicom`.

    from cbvsynth.phantom.dicom.examination import DicomPatient, write_dicom_examination
    from cbvsynth.phantom.dicom.vendors import Vendor
    from cbvsynth.phantom.raw.case import raw_case

    write_dicom_examination(folder, raw_case(), DicomPatient("PHANTOM-1"), Vendor.PHILIPS)
"""
