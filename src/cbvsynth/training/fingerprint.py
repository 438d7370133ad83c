"""Which settings decide a trained model: only when all of them agree may a run be resumed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields

from cbvsynth.config import TrainConfig
from cbvsynth.domain.sequences import Algorithm, ModelId

TRAINING_VERSION = "1"
"""To be raised whenever the networks, losses or the loop compute something else than before."""

_WITHOUT_EFFECT = frozenset(
    {
        "model",  # stands in the fingerprint by itself, in its canonical form
        "examinations",
        "out",
        "checkpoints",
        "epochs",  # more epochs continue the training that there is
        "checkpoint_every",
        "max_restarts",
        "example_count",
        "tensorboard",
    }
)
_ONLY_FOR_GAN = frozenset({"adversarial_weight", "feature_weight", "update"})


def settings_of(model_id: ModelId, config: TrainConfig) -> dict[str, str]:
    """Settings that decide the weights of this model; a field that is new in TrainConfig counts."""
    ignored = _WITHOUT_EFFECT | (_ONLY_FOR_GAN if model_id.algorithm is Algorithm.ENCDEC else frozenset())
    return {
        field.name: str(getattr(config, field.name)) for field in fields(config) if field.name not in ignored
    }


def fingerprint_of(model_id: ModelId, config: TrainConfig, data_fingerprint: str) -> str:
    """Hex digest over the model, its settings, the data and the version of the training code."""
    content = {
        "training": TRAINING_VERSION,
        "model": model_id.slug,
        "data": data_fingerprint,
        "settings": settings_of(model_id, config),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
