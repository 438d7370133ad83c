"""The five steps: what each does, its program, and its Kubeflow face."""
