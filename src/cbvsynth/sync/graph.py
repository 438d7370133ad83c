"""A SavedModel's graph as data, read without TensorFlow: sync looks into it before it publishes it.

TensorFlow Serving runs whatever a graph holds. Only the fields that name operations and what calls them
are described here; everything else in the file is passed over.

Source: field numbers and names as published in tensorflow/core/protobuf/{saved_model,meta_graph,saver}.proto
and tensorflow/core/framework/{graph,function,node_def,attr_value,op_def}.proto;
tests/sync/test_graph.py compares every one with them.
"""

from __future__ import annotations

from pathlib import Path

from google.protobuf import message_factory
from google.protobuf.message import DecodeError

from cbvsynth.errors import ModelError
from cbvsynth.training.operations import MODEL_FILE, check_graph
from cbvsynth.wire.schema import Field, Message, build_pool

FIELDS: dict[str, tuple[Field, ...]] = {
    "TensorInfo": (("name", 1, "string"),),
    "SignatureDef": (("outputs", 2, "map tensorflow.TensorInfo"),),
    "NameAttrList": (("name", 1, "string"),),
    "AttrValue.ListValue": (("func", 9, "repeated tensorflow.NameAttrList"),),
    "AttrValue": (("list", 1, "tensorflow.AttrValue.ListValue"), ("func", 10, "tensorflow.NameAttrList")),
    "NodeDef": (
        ("name", 1, "string"),
        ("op", 2, "string"),
        ("input", 3, "repeated string"),
        ("attr", 5, "map tensorflow.AttrValue"),
    ),
    "OpDef": (("name", 1, "string"),),
    "FunctionDef": (("signature", 1, "tensorflow.OpDef"), ("node_def", 3, "repeated tensorflow.NodeDef")),
    "FunctionDefLibrary": (("function", 1, "repeated tensorflow.FunctionDef"),),
    "GraphDef": (
        ("node", 1, "repeated tensorflow.NodeDef"),
        ("library", 2, "tensorflow.FunctionDefLibrary"),
    ),
    "SaverDef": (("save_tensor_name", 2, "string"), ("restore_op_name", 3, "string")),
    "MetaGraphDef": (
        ("graph_def", 2, "tensorflow.GraphDef"),
        ("saver_def", 3, "tensorflow.SaverDef"),
        ("signature_def", 5, "map tensorflow.SignatureDef"),
    ),
    "SavedModel": (("meta_graphs", 2, "repeated tensorflow.MetaGraphDef"),),
}
"""Message -> fields."""

POOL = build_pool({"tensorflow": FIELDS})
_SAVED_MODEL = message_factory.GetMessageClass(POOL.FindMessageTypeByName("tensorflow.SavedModel"))


def read_graph(folder: Path, label: str) -> Message:
    """The one graph of a SavedModel, with the fields above.

    Raises:
        ModelError: the file is missing or is not a SavedModel with one graph.
    """
    try:
        model = _SAVED_MODEL.FromString((folder / MODEL_FILE).read_bytes())
    except (DecodeError, OSError) as error:
        raise ModelError(
            f"{label}: {MODEL_FILE} is missing or damaged; expected a SavedModel. Promote the model again."
        ) from error
    if len(model.meta_graphs) != 1:
        raise ModelError(
            f"{label}: {MODEL_FILE} holds {len(model.meta_graphs)} graphs, expected 1. Promote a model that "
            "this project exported."
        )
    return model.meta_graphs[0]


def require_arithmetic(folder: Path, label: str) -> None:
    """Refuse a SavedModel whose graph does more than calculate: files, Python, printing, libraries.

    Raises:
        ModelError: it does, or it cannot be read.
    """
    check_graph(read_graph(folder, label), label)
