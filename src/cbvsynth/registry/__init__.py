"""The model registry: what was promoted, why, and who is champion. The only place that knows MLflow."""
