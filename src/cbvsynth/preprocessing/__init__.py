"""From raw volumes to arrays on one grid: orientation, registration, resampling, mask, units, split."""

PREPROCESSING_VERSION = "3"
"""Enters every fingerprint; raised whenever the same files would give other arrays."""
