"""The pipeline and its components, compiled for one place to run."""
