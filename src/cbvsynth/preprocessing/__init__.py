"""From raw volumes to arrays on one grid: orientation, resampling, mask, units, split."""

PREPROCESSING_VERSION = "2"
"""Enters every fingerprint; raised whenever the same files would give other arrays."""
