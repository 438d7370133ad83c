"""The same model gives the same bytes: a SavedModel without what differs from one export to the next.

TensorFlow numbers functions by a counter of the process and writes a random identifier into
fingerprint.pb, so that two exports of one model differ. Here functions are numbered anew, in the order
in which they were made, and the identifier is left out. Loaders do not need either.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from tensorflow.core.protobuf import saved_model_pb2

from cbvsynth.training.operations import MODEL_FILE

_COUNTER = re.compile(r"_(\d+)$")
_LOOP_COUNTER = re.compile(r"_\d+(?=___redundant_placeholder)")
"""Unused arguments of a loop's functions are named after the functions' numbers."""
_TRACE_ATTRIBUTES = ("_gradient_op_type", "_user_specified_name")
"""Hold numbers of the process; read by gradient tapes and debuggers only."""


def make_reproducible(folder: Path) -> None:
    """Rewrite the SavedModel in a folder, in place, so that its bytes depend on the model alone."""
    (folder / "fingerprint.pb").unlink(missing_ok=True)
    path = folder / MODEL_FILE
    model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    for graph in model.meta_graphs:
        library = graph.graph_def.library.function
        names = _new_names([function.signature.name for function in library])
        nodes = [*graph.graph_def.node, *(node for function in library for node in function.node_def)]
        arguments = [argument for function in library for argument in function.arg_attr.values()]
        for holder in (*nodes, *arguments):
            for attribute in _TRACE_ATTRIBUTES:
                holder.attr.pop(attribute, None)
        _rename(graph, names)
        library.sort(key=lambda function: function.signature.name)
    path.write_bytes(model.SerializeToString(deterministic=True))


def _new_names(names: list[str]) -> dict[str, str]:
    """Old function name -> the same stem with a number that counts from 0 in the old numbers' order."""

    def made(name: str) -> tuple[int, str]:
        counter = _COUNTER.search(name)
        return (int(counter.group(1)) if counter else -1), name

    return {
        name: f"{_COUNTER.sub('', name)}_{number:04d}" for number, name in enumerate(sorted(names, key=made))
    }


def _rename(message: Message, names: dict[str, str]) -> None:
    """Replace every text that is one of the names, keys of maps included, in a message and below."""
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_MESSAGE and field.message_type.GetOptions().map_entry:
            _rename_map(field, value, names)
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            for item in value if field.is_repeated else (value,):
                _rename(item, names)
        elif field.type == FieldDescriptor.TYPE_STRING:
            if field.is_repeated:
                value[:] = [_renamed(item, names) for item in value]
            else:
                setattr(message, field.name, _renamed(value, names))


def _renamed(text: str, names: dict[str, str]) -> str:
    return names[text] if text in names else _LOOP_COUNTER.sub("", text)


def _rename_map(field: FieldDescriptor, entries: Any, names: dict[str, str]) -> None:  # noqa: ANN401 - protobuf's maps have no public type
    holds_messages = field.message_type.fields_by_name["value"].type == FieldDescriptor.TYPE_MESSAGE
    if holds_messages:
        for item in entries.values():
            _rename(item, names)
    for key in [key for key in entries if key in names]:
        if holds_messages:
            entries[names[key]].CopyFrom(entries[key])
        else:
            entries[names[key]] = entries[key]
        del entries[key]
