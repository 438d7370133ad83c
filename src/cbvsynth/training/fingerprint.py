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
        "epochs",  # more epochs continue the training that there is; not one that cools down
        "checkpoint_every",
        "max_restarts",
        "example_count",
        "tensorboard",
    }
)
_ONLY_FOR = {
    "adversarial_weight": Algorithm.FCGAN,
    "feature_weight": Algorithm.FCGAN,
    "update": Algorithm.FCGAN,
}
_LATER = {"cooldown": "0.0", "region_weight": "0.0", "stratify": "off", "spread": "off"}
"""Settings that came later, with the value that changes nothing: what was trained before them stays known."""
_REGION = "where lesion CBV is measured"
"""What `region_weight` looks at. It was the whole segmentation, with its oedema: that training is another."""
_OF_THE_EXPORT = {"flow_steps": Algorithm.FLOW, "flow_solver": Algorithm.FLOW}
"""Decide what is exported and not what is learned: a change exports again, without a training step."""


def settings_of(model_id: ModelId, config: TrainConfig) -> dict[str, str]:
    """Settings that decide the weights of this model; a field that is new in TrainConfig counts."""
    others = {name for name, algorithm in _ONLY_FOR.items() if algorithm is not model_id.algorithm}
    others |= {"spread"} if model_id.algorithm is Algorithm.FLOW else set()
    ignored = (_WITHOUT_EFFECT | _OF_THE_EXPORT.keys() | others) - ({"epochs"} if config.cooldown else set())
    values = {
        field.name: str(getattr(config, field.name)) for field in fields(config) if field.name not in ignored
    }
    if config.region_weight:
        values["region"] = _REGION
    return {name: value for name, value in values.items() if value != _LATER.get(name)}


def export_settings_of(model_id: ModelId, config: TrainConfig) -> dict[str, str]:
    """Settings that decide what is made of the weights of this model; none for the paper's algorithms."""
    reads = {"model": model_id.slug} if model_id.training != model_id.slug else {}
    settings = {
        name: str(getattr(config, name))
        for name, algorithm in _OF_THE_EXPORT.items()
        if algorithm is model_id.algorithm
    }
    return reads | settings


def fingerprint_of(model_id: ModelId, config: TrainConfig, data_fingerprint: str) -> str:
    """Hex digest over the model, its settings, the data and the version of the training code."""
    content = {
        "training": TRAINING_VERSION,
        "model": model_id.training,
        "data": data_fingerprint,
        "settings": settings_of(model_id, config),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
