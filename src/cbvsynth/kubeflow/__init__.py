"""The same steps as in dvc.yaml, wired for Kubeflow Pipelines; no logic."""
