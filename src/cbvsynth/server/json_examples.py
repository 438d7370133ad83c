"""Classify and Regress in JSON: {"examples": [{feature: value}, ...]} in, {"results": [...]} out."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from tensorflow.core.example import example_pb2, feature_pb2
from tensorflow_serving.apis import classification_pb2, input_pb2, regression_pb2

from cbvsynth.server.json_predict import json_object
from cbvsynth.server.tensors import invalid

EXAMPLES, CONTEXT, RESULTS = "examples", "context", "results"

_LARGEST_INTEGER = 2**63 - 1


def fill_examples(body: bytes, sent: input_pb2.Input) -> str:
    """Put the examples of a JSON request into a message; the name of the signature, empty for the default.

    Raises:
        RefusedError: INVALID_ARGUMENT: it is no JSON object, has no examples, or a value cannot be.
    """
    content = json_object(body)
    examples = content.get(EXAMPLES)
    if not isinstance(examples, list) or not examples:
        raise invalid(f"When method is classify, key '{EXAMPLES}' is expected and must be list/array.")
    if CONTEXT in content:
        target = sent.example_list_with_context
        _fill(target.context, content[CONTEXT], CONTEXT)
    else:
        target = sent.example_list
    for number, example in enumerate(examples):
        _fill(target.examples.add(), example, f"example {number}")
    return str(content.get("signature_name", ""))


def classes_json(result: classification_pb2.ClassificationResult) -> dict[str, Any]:
    """For every example a list of [label, score]."""
    return {RESULTS: [[[one.label, one.score] for one in row.classes] for row in result.classifications]}


def values_json(result: regression_pb2.RegressionResult) -> dict[str, Any]:
    """For every example its value."""
    return {RESULTS: [one.value for one in result.regressions]}


def _fill(target: example_pb2.Example, features: object, where: str) -> None:
    if not isinstance(features, dict):
        raise invalid(f"{where} is not a JSON object; expected features by name.")
    for name, value in features.items():
        _fill_feature(target.features.feature[name], value, f"{where}, feature '{name}'")


def _fill_feature(feature: feature_pb2.Feature, value: object, where: str) -> None:
    """One kind of value per feature; a whole number among decimal ones is a decimal one."""
    values: list[Any] = value if isinstance(value, list) else [value]
    kinds = {type(one) for one in values}
    if kinds <= {str, dict}:
        feature.bytes_list.value.extend(_bytes(one, where) for one in values)
    elif kinds == {int}:
        if max(map(abs, values)) > _LARGEST_INTEGER:
            raise invalid(f"{where}: a whole number needs more than 64 bits.")
        feature.int64_list.value.extend(values)
    elif kinds <= {int, float}:
        feature.float_list.value.extend(values)
    else:
        found = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise invalid(f"{where}: JSON holds {found}; expected numbers, or text, or a list of either.")


def _bytes(value: str | dict[str, object], where: str) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if set(value) != {"b64"}:
        raise invalid(f'{where}: expected text or {{"b64": ...}}.')
    try:
        return base64.b64decode(str(value["b64"]), validate=True)
    except binascii.Error as error:
        raise invalid(f"{where}: b64 is not base64 ({error}).") from error
