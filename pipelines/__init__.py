"""The Kubeflow pipeline: the same steps as dvc.yaml, wired for a cluster; no logic."""
