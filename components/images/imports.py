"""Import what the tasks of an image import, so that its bytecode is stored, and no other: `imports.py IMAGE`.

The bytecode of everything would be a fifth of the light image; without any, each start takes seconds more.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

SHARED = ("kfp.dsl.executor_main", "kfp.dsl.executor", "tyro", "yaml", "tqdm", "nibabel", "scipy.ndimage")
REGISTRY = ("mlflow", "mlflow.models", "mlflow.tracking", "filelock", "sqlalchemy", "alembic")
IMAGES = {
    "light": (
        *SHARED,
        *REGISTRY,
        *("great_expectations", "pandas", "jinja2", "matplotlib.pyplot", "scipy.stats", "scipy.spatial"),
        *("cbvsynth.kubeflow.tasks.plan", "cbvsynth.kubeflow.tasks.validate", "cbvsynth.quality.validation"),
        "cbvsynth.phantom.receipt",
        *(
            "cbvsynth.kubeflow.tasks.preprocess",
            "cbvsynth.steps.preprocess",
            "cbvsynth.kubeflow.tasks.evaluate",
        ),
        *("cbvsynth.steps.evaluate", "cbvsynth.pages.evaluation_report", "cbvsynth.kubeflow.tasks.promote"),
        *("cbvsynth.steps.promote", "cbvsynth.sync.watch"),
    ),
    "train": (
        *SHARED,
        *REGISTRY,
        *("tensorflow", "keras", "cbvsynth.kubeflow.tasks.train", "cbvsynth.steps.train"),
        *("cbvsynth.training.fit", "cbvsynth.training.saved_model", "cbvsynth.training.scoring"),
        *("cbvsynth.registry.tracking", "cbvsynth.training.summary"),
        "cbvsynth.server.program",  # cbvsynth-server, as KServe starts it
    ),
    "registry": (
        *("mlflow.cli", "mlflow.server.fastapi_app", "mlflow.store.db.utils", "uvicorn", "alembic.command"),
        *("mlflow.store.tracking.sqlalchemy_store", "mlflow.store.model_registry.sqlalchemy_store"),
        *("mlflow.store.artifact.s3_artifact_repo", "psycopg", "boto3"),
    ),
}

if __name__ == "__main__":
    os.environ["_KFP_RUNTIME"] = "true"  # as Kubeflow starts a task: of kfp, no more than its runtime
    for name in IMAGES[sys.argv[1]]:
        import_module(name)
