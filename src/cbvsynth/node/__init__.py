"""The DICOM node: studies come by C-STORE, their maps go to the PACS, nobody types.

A study that has been quiet is made a map of, by the client. What has come and what is still to be sent
stands in a journal on the disk, so that a killed process loses nothing and sends nothing twice.
"""
