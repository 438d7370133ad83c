"""From raw volumes to arrays on one grid: orientation, resampling, mask, units, split."""
