"""Which operations an exported model may hold: arithmetic on the request's tensors, nothing else.

A SavedModel is a program. One that reads files, runs Python or loads libraries when it is served, or
writes files when it is loaded, is refused before it is loaded.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cbvsynth.errors import ModelError

if TYPE_CHECKING:
    from tensorflow.core.framework import graph_pb2, node_def_pb2
    from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

MODEL_FILE = "saved_model.pb"

_ALLOWED = {
    "structure": "Const Identity IdentityN NoOp Placeholder PlaceholderWithDefault StopGradient "
    "PartitionedCall StatefulPartitionedCall If StatelessIf While StatelessWhile",
    "weights": "VarHandleOp ReadVariableOp",
    "checks": "Assert EnsureShape IsFinite",
    "shapes": "BroadcastTo Concat ConcatV2 ExpandDims Fill GatherV2 MirrorPad Pack Pad PadV2 Range Rank "
    "Reshape Shape Size Slice Squeeze StridedSlice Tile Transpose Unpack",
    "loops over volumes": "TensorListConcatV2 TensorListFromTensor TensorListGetItem TensorListReserve "
    "TensorListSetItem TensorListStack",
    "comparisons": "All Any Equal Greater GreaterEqual Less LessEqual LogicalAnd LogicalNot LogicalOr "
    "NotEqual SelectV2",
    "arithmetic": "Abs Add AddV2 BiasAdd Cast ClipByValue Div Exp FloorDiv Max Maximum Mean Min Minimum Mul "
    "Neg Pow Prod RealDiv Relu Rsqrt Softplus Sqrt Square SquaredDifference Sub Sum",
    "networks": "Conv2D Conv2DBackpropInput Conv3D Conv3DBackpropInputV2 FusedBatchNorm FusedBatchNormV3",
}
_STORAGE = (
    "SaveV2 RestoreV2 MergeV2Checkpoints ShardedFilename StringJoin StaticRegexFullMatch Select "
    "AssignVariableOp DisableCopyOnRead"
)

ALLOWED = frozenset(name for names in _ALLOWED.values() for name in names.split())
"""May run when a request is served."""
STORAGE = frozenset(_STORAGE.split())
"""May in addition run when TensorFlow restores or saves the weights, and at no other time."""

_Block = tuple[str, str]
"""("node", its name) or ("function", its name)."""


def read_model(folder: Path) -> saved_model_pb2.SavedModel:
    """The program of a SavedModel, as data; nothing is run.

    Raises:
        ModelError: the file is missing or is not a SavedModel.
    """
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    path = folder / MODEL_FILE
    try:
        model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    except FileNotFoundError as error:
        raise ModelError(
            f"{folder.name}: there is no {MODEL_FILE}; expected a SavedModel. Export again."
        ) from error
    except DecodeError as error:
        raise ModelError(
            f"{folder.name}: {MODEL_FILE} is damaged; copy or export the model again."
        ) from error
    return model


def check_operations(folder: Path) -> None:
    """Refuse a SavedModel that holds an operation which serving it does not need.

    Raises:
        ModelError: the file is missing, damaged, has another number of graphs than one, or holds such an
            operation.
    """
    model = read_model(folder)
    if len(model.meta_graphs) != 1:
        raise ModelError(
            f"{folder.name}: {MODEL_FILE} holds {len(model.meta_graphs)} graphs, expected 1; export again."
        )
    check_graph(model.meta_graphs[0], folder.name)


def check_graph(meta: meta_graph_pb2.MetaGraphDef, name: str) -> None:
    """Refuse a graph that holds an operation which serving it does not need.

    Only what the saver alone reaches may touch files; everything else, whether a signature reaches it
    or not, may only calculate. No TensorFlow is needed, for whoever has read the graph without it.

    Args:
        meta: a MetaGraphDef, or a message with its fields.
        name: how the message calls the model.

    Raises:
        ModelError: it holds such an operation.
    """
    blocks = _blocks(meta.graph_def)
    stored = _reached(_storage_roots(meta), meta.graph_def, blocks)
    served = _reached(_served_roots(meta), meta.graph_def, blocks)
    found = {
        operation
        for block, operations in blocks.items()
        for operation in operations - ALLOWED
        if operation not in STORAGE or block not in stored or block in served
    }
    if found:
        raise ModelError(
            f"{name}: the model holds the operations {', '.join(sorted(found))}, which serving a "
            "map does not need. It is not loaded; only serve models that this project exported."
        )


def _blocks(graph: graph_pb2.GraphDef) -> dict[_Block, set[str]]:
    """Operations of every node of the graph and of every function; calls are not operations."""
    functions = {function.signature.name for function in graph.library.function}
    return {
        **{("node", node.name): {node.op} - functions for node in graph.node},
        **{
            ("function", function.signature.name): {node.op for node in function.node_def} - functions
            for function in graph.library.function
        },
    }


def _served_roots(meta: meta_graph_pb2.MetaGraphDef) -> list[str]:
    """Outputs of every signature; the initialisation that runs at loading is one of them."""
    return [tensor.name for signature in meta.signature_def.values() for tensor in signature.outputs.values()]


def _storage_roots(meta: meta_graph_pb2.MetaGraphDef) -> list[str]:
    saver = meta.saver_def
    return [name for name in (saver.save_tensor_name, saver.restore_op_name) if name]


def _reached(roots: Iterable[str], graph: graph_pb2.GraphDef, blocks: Container[_Block]) -> set[_Block]:
    """All nodes and functions that the roots need."""
    nodes = {node.name: node for node in graph.node}
    bodies = {function.signature.name: function.node_def for function in graph.library.function}
    waiting = [_node(root) for root in roots]
    seen: set[_Block] = set()
    while waiting:
        block = waiting.pop()
        if block in seen or block not in blocks:
            continue
        seen.add(block)
        kind, name = block
        if kind == "node":
            waiting.extend(_node(source) for source in nodes[name].input)
            waiting.extend(_called_by(nodes[name]))
        else:
            waiting.extend(called for node in bodies[name] for called in _called_by(node))
    return seen


def _called_by(node: node_def_pb2.NodeDef) -> Iterator[_Block]:
    """The functions that a node may call."""
    yield "function", node.op
    for value in node.attr.values():
        if value.HasField("func"):
            yield "function", value.func.name
        yield from (("function", function.name) for function in value.list.func)


def _node(reference: str) -> _Block:
    """Node of an input such as `^node` or `node:1`."""
    return "node", reference.removeprefix("^").partition(":")[0]
