"""Which models a run trains: the one step that only Kubeflow has."""
