"""The five steps, a function each."""
