"""Is an examination fit to learn from? Measurements, limits, Great Expectations, the flow chart."""
