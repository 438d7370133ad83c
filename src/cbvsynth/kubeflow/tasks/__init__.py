"""What runs in a task's pod: a step, and what Kubeflow shows of it."""
