"""The components' faces in Kubeflow, one for each step."""
