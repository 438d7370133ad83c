"""Files in and out: NIfTI, folder layouts, manifests, cached examinations, result tables."""
