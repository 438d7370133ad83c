"""DICOM out: a synthetic map as a PACS keeps it, in the study and on the grid of its source."""
