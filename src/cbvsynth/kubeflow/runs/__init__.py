"""Runs of the compiled pipeline: on this machine, or on a Kubeflow host."""
