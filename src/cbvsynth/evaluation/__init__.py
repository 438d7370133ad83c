"""From the results of a sweep to a verdict, and to the same verdict again."""
