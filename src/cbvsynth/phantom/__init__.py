"""A physics-based digital brain-tumour phantom: the stand-in for patient data."""
