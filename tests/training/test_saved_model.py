"""The exported model: the same map as the network that was trained, from raw intensities, anywhere."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import config_pb2

from cbvsynth.domain.options import (
    Decoder,
    EndKernel,
    FlowSolver,
    OutputActivation,
    Precision,
    SkipConnections,
)
from cbvsynth.domain.sequences import ModelId, Sequence, TargetUnit
from cbvsynth.errors import ModelError, VolumeError
from cbvsynth.models.flow import FlowGenerator, FlowSampling
from cbvsynth.models.generator import GeneratorOptions, build_generator
from cbvsynth.models.spread import SpreadHead
from cbvsynth.records.examinations import Float32Array
from cbvsynth.records.golden import made_up_inputs
from cbvsynth.records.storage import sha256_tree
from cbvsynth.signature import Description
from cbvsynth.training.normalise import normalise_arrays, refusal
from cbvsynth.training.operations import read_model
from cbvsynth.training.saved_model import (
    ExportedModel,
    ServedSpread,
    export_model,
    load_exported,
    verify_golden,
)

pytestmark = pytest.mark.tensorflow

OPTIONS = GeneratorOptions(base_channels=4, residual_blocks=1)
DESCRIPTION = Description(
    model=ModelId.parse("encdec-t1-t1c-adc"),
    target_unit=TargetUnit.ML_PER_100G,
    cbv_max=25.0,
    preprocessing_version="1",
    spacing_range_mm=((2.0, 2.0), (2.0, 2.0), (4.0, 4.0)),
    shape_range=((20.0, 20.0), (18.0, 18.0), (8.0, 8.0)),
    data_fingerprint="d" * 64,
    run_fingerprint="r" * 64,
    software="a test",
)


@pytest.fixture(scope="module")
def generator() -> keras.Model:
    return build_generator(3, OPTIONS, seed=7)


@pytest.fixture(scope="module")
def folder(generator: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exported") / "saved_model"
    export_model(generator, DESCRIPTION, path)
    return path


@pytest.fixture(scope="module")
def exported(folder: Path) -> ExportedModel:
    return load_exported(folder)


def head(shape: tuple[int, int, int, int]) -> dict[str, Float32Array]:
    return made_up_inputs(DESCRIPTION.model.combination, shape)


@pytest.mark.parametrize("shape", [(1, 16, 16, 1), (1, 21, 18, 5), (1, 32, 19, 8)])
def test_the_exported_model_answers_as_the_trained_one_in_the_target_unit(
    exported: ExportedModel, generator: keras.Model, shape: tuple[int, int, int, int]
) -> None:
    raw = head(shape)
    features, foreground = normalise_arrays({Sequence(name): volume[0] for name, volume in raw.items()})
    expected = np.maximum(generator(features[np.newaxis]).numpy()[0] * 25.0, 0.0) * foreground
    found = exported(raw)
    assert found.shape == shape
    assert found.dtype == np.float32
    assert expected.std() > 0.1
    np.testing.assert_allclose(found[0], expected, rtol=0, atol=1e-3)


def test_background_is_exactly_zero_and_no_cbv_is_negative(folder: Path, tmp_path: Path) -> None:
    options = replace(OPTIONS, output_activation=OutputActivation.LINEAR)
    negative = build_generator(3, options, seed=7)
    bias = next(variable for variable in negative.variables if variable.name == "last_bias")
    bias.assign([-0.2])
    export_model(negative, DESCRIPTION, tmp_path / "m")
    raw = head((1, 24, 24, 4))
    found = load_exported(tmp_path / "m")(raw)
    background = np.all([volume == 0 for volume in raw.values()], axis=0)
    assert background.any()
    assert (found[background] == 0).all()
    assert found.min() == 0
    assert (found[~background] == 0).any()


def test_a_batch_of_two_equals_two_singles(exported: ExportedModel) -> None:
    one = head((1, 20, 24, 4))
    other = {name: volume[:, ::-1] * np.float32(0.7) for name, volume in one.items()}
    batch = exported({name: np.concatenate([one[name], other[name]]) for name in one})
    np.testing.assert_allclose(batch[:1], exported(one), rtol=0, atol=1e-4)
    np.testing.assert_allclose(batch[1:], exported(other), rtol=0, atol=1e-4)
    assert np.abs(batch[0] - batch[1]).max() > 0.1


def test_inputs_are_named_after_sequences_and_shapes_are_open(folder: Path) -> None:
    signature = read_model(folder).meta_graphs[0].signature_def["serving_default"]
    assert sorted(signature.inputs) == ["adc", "t1", "t1c"]
    assert list(signature.outputs) == ["cbv"]
    for tensor in (*signature.inputs.values(), signature.outputs["cbv"]):
        assert tensor.dtype == tf.float32.as_datatype_enum
        assert [dim.size for dim in tensor.tensor_shape.dim] == [-1] * 4


def test_the_model_describes_itself(exported: ExportedModel) -> None:
    assert exported.description == DESCRIPTION
    text = exported.program.signatures["describe"]()["description"].numpy()
    assert json.loads(text)["model"] == "encdec-t1-t1c-adc"


def test_the_same_weights_give_the_same_bytes_also_later_in_a_process(
    generator: keras.Model, folder: Path, tmp_path: Path
) -> None:
    """Function names used to hold a counter of the process, fingerprint.pb a random number."""
    export_model(generator, DESCRIPTION, tmp_path / "again")
    assert sha256_tree(tmp_path / "again") == sha256_tree(folder)
    assert sorted(sha256_tree(folder)) == [
        "assets.extra/golden.npz",
        "assets.extra/tf_serving_warmup_requests",
        "saved_model.pb",
        "variables/variables.data-00000-of-00001",
        "variables/variables.index",
    ]


def test_other_weights_give_other_bytes(folder: Path, tmp_path: Path) -> None:
    export_model(build_generator(3, OPTIONS, seed=8), DESCRIPTION, tmp_path / "other")
    former, other = sha256_tree(folder), sha256_tree(tmp_path / "other")
    changed = {path for path, digest in other.items() if digest != former[path]}
    assert {"variables/variables.data-00000-of-00001", "assets.extra/golden.npz"} <= changed


def test_no_path_of_this_machine_travels_with_a_model(folder: Path) -> None:
    here = str(Path(__file__).parents[2]).encode()
    for path in folder.rglob("*"):
        assert not path.is_file() or here not in path.read_bytes()


@pytest.mark.parametrize(
    ("decoder", "kernel", "skips", "activation"),
    [
        (Decoder.UPSAMPLE, EndKernel.AUTHORS, SkipConnections.UNET, OutputActivation.SOFTPLUS),
        (Decoder.DECONVOLUTION, EndKernel.AUTHORS, SkipConnections.UNET, OutputActivation.LINEAR),
        (Decoder.UPSAMPLE, EndKernel.TEXT, SkipConnections.NONE, OutputActivation.RELU),
    ],
)
def test_every_kind_of_generator_can_be_exported_and_read_back(
    tmp_path: Path,
    decoder: Decoder,
    kernel: EndKernel,
    skips: SkipConnections,
    activation: OutputActivation,
) -> None:
    options = replace(
        OPTIONS, decoder=decoder, end_kernel=kernel, skip_connections=skips, output_activation=activation
    )
    export_model(build_generator(3, options, seed=1), DESCRIPTION, tmp_path / "m")
    assert verify_golden(tmp_path / "m") <= 0.025
    assert load_exported(tmp_path / "m")(head((2, 17, 22, 3))).shape == (2, 17, 22, 3)


@pytest.fixture(scope="module")
def flow() -> FlowGenerator:
    return FlowGenerator(3, OPTIONS, FlowSampling(3, FlowSolver.HEUN), seed=7)


def test_a_flows_export_holds_its_noise_and_answers_as_the_trained_one(
    flow: FlowGenerator, tmp_path: Path
) -> None:
    """Under the list of operations that every model is held to, and the same bytes each time."""
    description = replace(DESCRIPTION, model=ModelId.parse("flow-t1-t1c-adc"))
    for name in ("m", "again"):
        export_model(flow, description, tmp_path / name)
    assert sha256_tree(tmp_path / "m") == sha256_tree(tmp_path / "again")
    assert verify_golden(tmp_path / "m") <= 0.025
    raw = head((2, 21, 18, 9))
    found = load_exported(tmp_path / "m")(raw)
    for number in range(2):
        one = {Sequence(name): volume[number] for name, volume in raw.items()}
        features, foreground = normalise_arrays(one)
        expected = np.maximum(flow(features[np.newaxis]).numpy()[0] * 25.0, 0.0) * foreground
        assert expected.std() > 0.1
        np.testing.assert_allclose(found[number], expected, rtol=0, atol=1e-2)


def test_a_model_trained_in_bfloat16_is_served_in_float32(
    generator: keras.Model, exported: ExportedModel, tmp_path: Path
) -> None:
    options = replace(OPTIONS, precision=Precision.MIXED_BFLOAT16)
    mixed = build_generator(3, options, seed=99)
    mixed.set_weights(generator.get_weights())
    export_model(mixed, DESCRIPTION, tmp_path / "m")
    assert np.array_equal(load_exported(tmp_path / "m")(head((1, 16, 16, 4))), exported(head((1, 16, 16, 4))))


def test_an_export_takes_the_place_of_the_former_one(generator: keras.Model, tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "left-over").touch()
    export_model(generator, DESCRIPTION, tmp_path / "m")
    assert not (tmp_path / "m" / "left-over").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_other_inputs_than_the_models_are_refused(exported: ExportedModel) -> None:
    inputs = head((1, 16, 16, 2))
    with pytest.raises(ModelError, match="got the inputs t1, t1c, expected t1, t1c, adc"):
        exported({name: inputs[name] for name in ("t1", "t1c")})
    with pytest.raises(ModelError, match="flair"):
        exported(inputs | {"flair": inputs["t1"]})


def test_a_volume_beyond_all_memory_is_told_in_words(exported: ExportedModel) -> None:
    """It ended in a traceback: `synthesise` and `predict --local` on a small machine or GPU."""
    endless = np.broadcast_to(np.float32(1), (1, 1 << 14, 1 << 14, 1 << 14))
    inputs = dict.fromkeys(("t1", "t1c", "adc"), endless)
    with pytest.raises(ModelError, match=r"could not make the map \(.*Free some memory"):
        exported(inputs)


def test_the_graphs_own_checks_name_the_model_and_the_input(exported: ExportedModel) -> None:
    inputs = head((1, 16, 16, 2))
    with pytest.raises(VolumeError, match=r"^encdec-t1-t1c-adc: input t1c holds values that are not finite"):
        exported(inputs | {"t1c": inputs["t1c"] * np.float32(np.nan)})


@pytest.fixture(scope="module")
def as_a_server(folder: Path) -> Iterator[Callable[..., Float32Array]]:
    """Feeds and fetches tensors by name without looking at shapes, as TensorFlow Serving does."""
    session = tf.compat.v1.Session(graph=tf.Graph())
    with session.graph.as_default():
        meta = tf.compat.v1.saved_model.load(session, ["serve"], str(folder))
    signature = meta.signature_def["serving_default"]
    names = sorted(signature.inputs)
    options = config_pb2.CallableOptions(
        feed=[signature.inputs[name].name for name in names], fetch=[signature.outputs["cbv"].name]
    )
    function = session._make_callable_from_options(options)
    yield lambda inputs: function(*[inputs[name] for name in names])[0]
    session.close()


def test_a_server_gets_the_same_map(
    as_a_server: Callable[..., Float32Array], exported: ExportedModel
) -> None:
    inputs = head((1, 20, 16, 3))
    np.testing.assert_allclose(as_a_server(inputs), exported(inputs), rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda volume: volume[0], "has not 4 axes"),
        (lambda volume: volume[..., np.newaxis], "has not 4 axes"),
        (lambda volume: volume[:, :, :, :1], "has another shape than t1"),
        (lambda volume: volume[:, :15, :15], "has another shape than t1"),
        (lambda volume: np.full_like(volume, 3.0), "is constant"),
        (lambda volume: np.where(volume > 0, np.float32(np.inf), volume), "not finite"),
        (lambda volume: np.concatenate([volume, volume]), "has another shape than t1"),
    ],
)
def test_what_a_server_does_not_check_is_checked_in_the_graph(
    as_a_server: Callable[..., Float32Array],
    change: Callable[[Float32Array], Float32Array],
    sentence: str,
) -> None:
    """A volume of rank 4 sent to a signature of rank 5 was once answered with garbage."""
    inputs = head((1, 16, 16, 2))
    with pytest.raises(tf.errors.InvalidArgumentError) as refused:
        as_a_server(inputs | {"t1c": change(inputs["t1c"])})
    assert sentence in refusal(refused.value)


@pytest.mark.parametrize("damage", ["no program", "truncated program", "no weights", "truncated weights"])
def test_a_damaged_model_is_refused(generator: keras.Model, tmp_path: Path, damage: str) -> None:
    export_model(generator, DESCRIPTION, tmp_path / "m")
    path = (
        tmp_path
        / "m"
        / ("saved_model.pb" if "program" in damage else "variables/variables.data-00000-of-00001")
    )
    if damage.startswith("no "):
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ModelError, match=r"^m: "):
        load_exported(tmp_path / "m")


def test_a_model_of_somebody_else_is_refused(tmp_path: Path) -> None:
    module = tf.Module()
    module.double = tf.function(lambda x: x * 2, input_signature=[tf.TensorSpec([None], tf.float32)])
    tf.saved_model.save(module, str(tmp_path / "m"), signatures={"serving_default": module.double})
    with pytest.raises(ModelError, match="lacks the signature describe"):
        load_exported(tmp_path / "m")


def test_the_golden_pair_tells_swapped_weights(folder: Path, tmp_path: Path) -> None:
    export_model(build_generator(3, OPTIONS, seed=8), DESCRIPTION, tmp_path / "m")
    assert verify_golden(tmp_path / "m") <= 1e-4
    weights = "variables/variables.data-00000-of-00001"
    (tmp_path / "m" / weights).write_bytes((folder / weights).read_bytes())
    with pytest.raises(ModelError, match=r"cannot be loaded|golden request is answered with a deviation"):
        verify_golden(tmp_path / "m")


def test_a_model_that_learned_its_spread_answers_with_it_beside_the_same_map(
    generator: keras.Model, exported: ExportedModel, tmp_path: Path
) -> None:
    spread = ServedSpread(SpreadHead(generator.feature_channels, Precision.FLOAT32, seed=4), 2.0)
    export_model(generator, replace(DESCRIPTION, interval_level=0.9), tmp_path / "m", spread)
    loaded, raw = load_exported(tmp_path / "m"), head((2, 21, 18, 5))
    assert loaded.description.outputs == ("cbv", "cbv_sd")
    assert exported.description.outputs == ("cbv",)
    assert verify_golden(tmp_path / "m") <= 0.025
    found = loaded.outputs(raw)
    np.testing.assert_allclose(found["cbv"], exported(raw), rtol=0, atol=1e-4)
    for number in range(2):
        one = {Sequence(name): volume[number] for name, volume in raw.items()}
        features, foreground = normalise_arrays(one)
        expected = spread.head(generator.features(tf.constant(features))).numpy() * 25.0 * 2.0 * foreground
        np.testing.assert_allclose(found["cbv_sd"][number], expected, rtol=1e-3, atol=1e-4)
        assert found["cbv_sd"][number][foreground > 0].min() > 0
