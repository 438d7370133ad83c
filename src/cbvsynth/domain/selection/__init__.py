"""The gate: SSIM selects, guards protect, and the verdict says why."""
