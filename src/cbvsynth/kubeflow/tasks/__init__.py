"""What runs in a task's pod: a step, and the pages that Kubeflow shows of it."""
