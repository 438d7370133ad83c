"""DICOM in: series recognised by their tags, one image for each role, converted without any identity."""
