"""The rules that Kubernetes manifests are held to, ours and those of a lab's own overlay."""
