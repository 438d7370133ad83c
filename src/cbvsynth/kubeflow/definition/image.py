"""Names of the images that steps and registry run in; the tag is the version, never `latest`.

Kubeflow's cache and the nodes' image stores go by name: behind a tag whose content changes, yesterday's
code would run in place of today's.
"""

from cbvsynth import __version__

LIGHT_IMAGE = f"cbvsynth:{__version__}"
"""Everything but TensorFlow: plan, validate, preprocess, evaluate, promote."""
TRAIN_IMAGE = f"cbvsynth-train:{__version__}"
"""With TensorFlow: train."""
REGISTRY_IMAGE = f"cbvsynth-registry:{__version__}"
"""MLflow's server, for PostgreSQL and S3."""
