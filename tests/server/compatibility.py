"""What the production server is documented to do, what ours does, and where they differ on purpose.

Each case is asked over a real socket by test_compatibility.py, which also holds docs/reference/protocol.md to
it: `python -m tests.server.compatibility` writes the tables there anew.

Source: www.tensorflow.org/tfx/serving (api_rest, serving_config) and the texts that tensorflow/serving 2.20
has in its source; the production server itself cannot be asked here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs/reference/protocol.md"
BEGIN, END = "<!-- made by tests/server/compatibility.py -->\n", "<!-- end -->\n"
SAME = ""
"""In place of a difference: there is none."""

Ask = Callable[[Any], str]
"""Asks a running server; its answer as `CODE text`, or what is of interest in a good one."""


@dataclass(frozen=True)
class Case:
    """One question.

    asked: in words, for the table.
    production: the documented answer; `...` stands for what differs from case to case.
    ours: the answer here; the production server's where it is empty.
    why: the purpose of a difference.
    """

    group: str
    asked: str
    ask: Ask = field(repr=False)
    production: str
    ours: str = SAME
    why: str = ""

    @property
    def expected(self) -> str:
        """What is answered here."""
        return self.ours or self.production


def matches(pattern: str, answer: str) -> bool:
    """Whether an answer is the one written, where `...` stands for anything."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("..."))), answer, re.DOTALL) is not None


# --- how a question is asked -------------------------------------------------------------------------


def called(method: Callable[[Any], Any], request: Callable[[], Any], show: Callable[[Any], str]) -> Ask:
    import grpc

    def ask(running: Any) -> str:
        try:
            return show(method(running)(request(), timeout=60))
        except grpc.RpcError as error:
            return f"{error.code().name} {error.details()}"

    return ask


def predicts(show: Callable[[Any], str] = lambda reply: "OK", **given: Any) -> Ask:
    def request() -> Any:
        from tests.server.protocol_requests import predict_request

        made = given.get("made")
        return made() if made else predict_request(given.get("inputs"), given.get("outputs", ()), **spec)

    spec = {key: value for key, value in given.items() if key not in ("inputs", "outputs", "made")}
    return called(lambda running: running.predictions.Predict, request, show)


def tensors(**changes: Any) -> dict[str, Any]:
    from tests.server.protocol_requests import ADC, T1

    return {"t1": T1, "adc": ADC} | changes


def lazily(
    make: Callable[[], dict[str, Any]], show: Callable[[Any], str] = lambda reply: "OK", **spec: Any
) -> Ask:
    """A Predict request whose tensors need TensorFlow: made when it is asked."""

    def made() -> Any:
        from tests.server.protocol_requests import predict_request

        return predict_request(make(), **spec)

    return predicts(show, made=made)


def a_tensor(**fields: Any) -> Any:
    from tests.server.protocol_requests import tensor

    return tensor(**fields)


def rest(method: str, path: str, body: object = None, **headers: str) -> Ask:
    def ask(running: Any) -> str:
        import http.client

        connection = http.client.HTTPConnection(running.rest_address, timeout=60)
        content = body if body is None or isinstance(body, bytes) else json.dumps(body)
        connection.request(
            method, path, content, {key.replace("_", "-"): value for key, value in headers.items()}
        )
        reply = connection.getresponse()
        text = reply.read().decode()
        connection.close()
        if reply.headers["Content-Type"] == "application/json" and text:
            shown = json.loads(text)
            text = shown["error"] if list(shown) == ["error"] else json.dumps(shown)
        return f"{reply.status} {text}".strip()

    return ask


def of(module: str, kind: str, /, **spec: Any) -> Callable[[], Any]:
    def make() -> Any:
        import importlib

        request = getattr(importlib.import_module(f"tensorflow_serving.apis.{module}_pb2"), kind)()
        for key, value in spec.items():
            if key == "metadata_field":
                request.metadata_field.extend(value)
            elif key == "version":
                request.model_spec.version.value = value
            else:
                setattr(request.model_spec, key, value)
        return request

    return make


def status(**spec: Any) -> Ask:
    def show(reply: Any) -> str:
        return " ".join(f"{one.version}:{one.state}" for one in reply.model_version_status)

    return called(
        lambda running: running.models.GetModelStatus,
        of("get_model_status", "GetModelStatusRequest", **spec),
        show,
    )


def metadata(*fields: str, **spec: Any) -> Ask:
    request = of("get_model_metadata", "GetModelMetadataRequest", **spec, metadata_field=list(fields))
    return called(
        lambda running: running.predictions.GetModelMetadata, request, lambda reply: " ".join(reply.metadata)
    )


def classify(method: str, **spec: Any) -> Ask:
    module, name = {
        "Classify": ("classification", "ClassificationRequest"),
        "Regress": ("regression", "RegressionRequest"),
    }[method]
    return called(
        lambda running: getattr(running.predictions, method), of(module, name, **spec), lambda reply: "OK"
    )


def reloads(text: str) -> Ask:
    def request() -> Any:
        from google.protobuf import text_format
        from tensorflow_serving.apis import model_management_pb2

        return text_format.Parse(text, model_management_pb2.ReloadConfigRequest())

    return called(lambda running: running.models.HandleReloadConfigRequest, request, lambda reply: "OK")


# --- the cases ---------------------------------------------------------------------------------------

SUM, WORDS = "/v1/models/sum:predict", "/v1/models/words:predict"
ROW = {"t1": [[[1, 2, 3, 4]]], "adc": [[[0.5, 0.5, 0.5, 0.5]]]}
_BOUND = "a request of a few bytes could take all memory"
_NOT_CLASSIFIED = (
    "such signatures parse tf.Examples, and models here predict maps: refused before they are run"
)


def _not_here(kind: str) -> str:
    return (
        f"UNIMPLEMENTED This server does not answer signatures of {kind}; ask for Predict, or ask the "
        "production server."
    )


def forms(reply: Any) -> str:
    tensor = reply.outputs["cbv"]
    return f"{len(tensor.float_val)} in float_val, {len(tensor.tensor_content)} bytes in tensor_content"


def cases() -> Iterator[Case]:
    """All of them, in the order of the page."""
    yield from _predict()
    yield from _others()
    yield from _rest_reads()
    yield from _rest_predictions()
    yield from _http()


def _predict() -> Iterator[Case]:
    import numpy as np

    group = "Predict"
    version = lambda reply: str(reply.model_spec.version.value)  # noqa: E731
    yield Case(group, "no version, no label", predicts(version), "2")
    yield Case(group, "version 1", predicts(version, version=1), "1")
    yield Case(group, "label `stable` of version 1", predicts(version, version_label="stable"), "1")
    yield Case(group, "form of the reply", predicts(forms), "256 in float_val, 0 bytes in tensor_content")
    yield Case(group, "no `model_spec`", predicts(made=_empty), "INVALID_ARGUMENT Missing ModelSpec")
    yield Case(group, "no name", predicts(name=""), "INVALID_ARGUMENT ModelSpec has no name specified.")
    yield Case(
        group, "unknown model", predicts(name="m"), "NOT_FOUND Servable not found for request: Latest(m)"
    )
    yield Case(
        group,
        "unknown version",
        predicts(version=99),
        "NOT_FOUND Servable not found for request: Specific(sum, 99)",
    )
    yield Case(
        group,
        "unknown label",
        predicts(version_label="L"),
        "INVALID_ARGUMENT Unrecognized servable version label: L",
    )
    yield Case(
        group,
        "label of a version that is not loaded",
        predicts(version_label="absent"),
        "NOT_FOUND Servable not found for request: Specific(sum, 7)",
    )
    yield Case(
        group,
        "unknown signature",
        predicts(signature_name="s"),
        'FAILED_PRECONDITION Serving signature key "s" not found.',
    )
    yield Case(
        group,
        "an input is missing",
        lazily(lambda: {"t1": tensors()["t1"]}),
        "INVALID_ARGUMENT input size does not match signature: 1!=2 len({t1}) != len({adc,t1}). Sent extra: "
        "{}. Missing but required: {adc}.",
    )
    yield Case(
        group,
        "an input too many",
        lazily(lambda: tensors(t2=tensors()["t1"])),
        "INVALID_ARGUMENT input size does not match signature: 3!=2 len({adc,t1,t2}) != len({adc,t1}). Sent "
        "extra: {t2}. Missing but required: {}.",
    )
    yield Case(
        group,
        "another dtype",
        lazily(lambda: tensors(adc=tensors()["adc"].astype(np.float64))),
        "INVALID_ARGUMENT ...",
        'INVALID_ARGUMENT input "adc" has dtype float64; expected float32.',
        "the production server's text differs from version to version",
    )
    yield Case(
        group,
        "another size than the signature's",
        lazily(lambda: {name: one[..., :3] for name, one in tensors().items()}),
        "OK",
    )
    yield Case(
        group,
        "what the graph refuses",
        lazily(lambda: tensors(adc=np.full((1, 8, 8, 4), np.nan, np.float32))),
        "INVALID_ARGUMENT ...adc holds a value that is not finite...",
    )
    yield Case(
        group,
        "inputs of two shapes, which the graph adds",
        lazily(lambda: tensors(adc=tensors()["adc"][:, :7])),
        "INVALID_ARGUMENT Incompatible shapes: [1,7,8,4] vs. [1,8,8,4]...",
        "INVALID_ARGUMENT Incompatible shapes: [1,7,8,4] vs. [1,8,8,4]",
        "without the name of the graph's node, which means nothing to whoever reads it",
    )
    yield Case(
        group, "one value for a whole shape", lazily(lambda: tensors(t1=a_tensor(float_val=[3.0]))), "OK"
    )
    yield Case(
        group,
        "one value for more than 4 MiB",
        lazily(lambda: tensors(t1=a_tensor(shape=(1, 2000, 2000, 4), float_val=[3.0]))),
        "the shape is filled",
        "INVALID_ARGUMENT the inputs ... declare 63999996 bytes more than were sent; expected at most "
        "4194304. Send every value.",
        _BOUND,
    )
    yield Case(
        group,
        "more values than the shape holds",
        lazily(lambda: tensors(t1=a_tensor(float_val=[1.0] * 300))),
        "the first ones are used",
        'INVALID_ARGUMENT input "t1" has shape [1, 8, 8, 4], and its values do not fill it: 300 were sent, '
        "expected 256.",
        "an image would be cut without a word",
    )
    yield Case(
        group,
        "fewer bytes than the shape holds",
        lazily(lambda: tensors(t1=a_tensor(tensor_content=b"1234"))),
        "INVALID_ARGUMENT tensor parsing error: t1",
        'INVALID_ARGUMENT input "t1" has shape [1, 8, 8, 4] and 4 bytes of values; expected 1024.',
        "the text says what to mend",
    )
    yield Case(
        group,
        "65 axes",
        lazily(lambda: {"x": a_tensor(shape=(1,) * 65, float_val=[1.0])}, name="half_plus_three"),
        "OK",
        'INVALID_ARGUMENT input "x" has 65 axes; expected at most 64.',
        "NumPy's bound; TensorFlow's own is 254",
    )
    yield Case(
        group,
        "sizes that multiply beyond 64 bits, one of them 0",
        lazily(lambda: {"x": a_tensor(shape=(2**62, 2**62, 0))}, name="half_plus_three"),
        "INVALID_ARGUMENT tensor parsing error: x",
        'INVALID_ARGUMENT input "x" has shape ...; expected sizes whose product, without those of 0, is at '
        "most 288230376151711744.",
        "the text says what to mend",
    )
    yield Case(
        group,
        "unknown output in the filter",
        predicts(outputs=("zz",)),
        "INVALID_ARGUMENT output tensor alias not found in signature: zz Outputs expected to be in the set "
        "{cbv}.",
    )
    yield Case(
        group,
        "the same output twice",
        predicts(outputs=("cbv", "cbv")),
        "INVALID_ARGUMENT duplicate output tensor alias: cbv",
    )
    yield Case(
        group,
        "what is no message",
        _raw(b"\xff\xff"),
        "INTERNAL",
        "INTERNAL The message is no PredictRequest.",
        "the text says what it is",
    )
    yield Case(
        group,
        "a message packed by gzip",
        _packed,
        "OK",
        "UNIMPLEMENTED Compression algorithm 'gzip' is disabled.",
        _BOUND + "; floats hardly pack",
    )


def _empty() -> Any:
    from tensorflow_serving.apis import predict_pb2

    return predict_pb2.PredictRequest()


def _raw(message: bytes) -> Ask:
    path = "/tensorflow.serving.PredictionService/Predict"
    return called(lambda running: running.channel.unary_unary(path), lambda: message, lambda reply: "OK")


def _packed(running: Any) -> str:
    import grpc

    from tests.server.protocol_requests import predict_request

    message = predict_request().SerializeToString()
    with grpc.insecure_channel(running.grpc_address, compression=grpc.Compression.Gzip) as channel:
        try:
            channel.unary_unary("/tensorflow.serving.PredictionService/Predict")(message, timeout=60)
        except grpc.RpcError as error:
            return f"{error.code().name} {error.details()}"
    return "OK"


def _others() -> Iterator[Case]:
    group = "GetModelStatus, GetModelMetadata, HandleReloadConfigRequest"
    yield Case(group, "status of a model, newest first; 30 is AVAILABLE", status(name="sum"), "2:30 1:30")
    yield Case(group, "status of one version", status(name="sum", version=1), "1:30")
    yield Case(
        group,
        "status of an unknown model",
        status(name="m"),
        "NOT_FOUND Could not find any versions of model m",
    )
    yield Case(
        group,
        "status of an unknown version",
        status(name="sum", version=7),
        "NOT_FOUND Could not find version 7 of model sum",
    )
    yield Case(group, "metadata", metadata("signature_def", name="sum"), "signature_def")
    yield Case(
        group,
        "metadata without a field",
        metadata(name="sum"),
        "INVALID_ARGUMENT GetModelMetadataRequest must specify at least one metadata_field",
    )
    yield Case(
        group,
        "metadata of another field",
        metadata("colour", name="sum"),
        "INVALID_ARGUMENT Metadata field colour is not supported",
    )
    yield Case(
        group,
        "a reload without a list of models",
        reloads(""),
        "INVALID_ARGUMENT ServerModelConfig type not supported by HandleReloadConfigRequest. Only "
        "ModelConfigList is currently supported",
    )
    yield Case(
        group,
        "a label in use moves to a version that is not loaded",
        reloads(
            'config { model_config_list { config { name: "sum" base_path: "/m" model_platform: "tensorflow" '
            'version_labels { key: "stable" value: 9 } } } }'
        ),
        "FAILED_PRECONDITION Request to assign label to version 9 of model sum, which is not currently "
        "available for inference",
    )
    group = "Classify, Regress, MultiInference"
    yield Case(group, "no `model_spec`", classify("Classify"), "INVALID_ARGUMENT Missing ModelSpec")
    yield Case(
        group,
        "Classify, two inputs",
        classify("Classify", name="sum"),
        "INVALID_ARGUMENT Expected one input Tensor.",
    )
    yield Case(
        group,
        "Regress, two inputs",
        classify("Regress", name="sum"),
        "INVALID_ARGUMENT Expected one input Tensor.",
    )
    yield Case(
        group,
        "Classify, unknown signature",
        classify("Classify", name="sum", signature_name="zz"),
        "INVALID_ARGUMENT No signature was found with the name: zz",
    )
    for method, kind in (("Classify", "classification"), ("Regress", "regression")):
        yield Case(
            group,
            f"{method}, a signature that does so",
            classify(method, name="words", signature_name=method.lower()),
            "OK",
            _not_here(kind),
            _NOT_CLASSIFIED,
        )
    yield Case(
        group, "MultiInference, such a signature", _several, "OK", _not_here("regression"), _NOT_CLASSIFIED
    )


def _several(running: Any) -> str:
    from tensorflow_serving.apis import inference_pb2

    request = inference_pb2.MultiInferenceRequest()
    task = request.tasks.add(method_name="tensorflow/serving/regress")
    task.model_spec.name, task.model_spec.signature_name = "words", "regress"
    return called(lambda it: it.predictions.MultiInference, lambda: request, lambda reply: "OK")(running)


def _rest_reads() -> Iterator[Case]:
    group = "REST: status and metadata"
    yield Case(
        group,
        "`GET /v1/models/sum/labels/stable`",
        rest("GET", "/v1/models/sum/labels/stable"),
        "200 ...AVAILABLE...",
    )
    yield Case(
        group,
        "`GET /v1/models/sum/versions/1/metadata`",
        rest("GET", "/v1/models/sum/versions/1/metadata"),
        "200 ...DT_FLOAT...",
    )
    yield Case(group, "a name percent-encoded", rest("GET", "/v1/models/%73um"), "200 ...AVAILABLE...")
    yield Case(group, "no name", rest("GET", "/v1/models"), "400 Missing model name in request.")
    yield Case(
        group, "unknown model", rest("GET", "/v1/models/m"), "404 Could not find any versions of model m"
    )
    yield Case(
        group,
        "a version beyond 64 bits",
        rest("GET", "/v1/models/sum/versions/99999999999999999999"),
        "400 Failed to convert version: 99999999999999999999 to numeric.",
    )
    yield Case(
        group,
        "a version of 5000 digits",
        rest("GET", "/v1/models/sum/versions/" + "9" * 5000),
        "400 Failed to convert version: 999...",
    )
    yield Case(
        group, "another path below /v1", rest("GET", "/v1/else"), "400 Malformed request: GET /v1/else"
    )


def _rest_predictions() -> Iterator[Case]:
    group = "REST: predictions"
    yield Case(
        group,
        "rows",
        rest("POST", SUM, {"instances": [ROW]}),
        '200 {"predictions": [[[[3.0, 4.0, 5.0, 6.0]]]]}',
    )
    yield Case(
        group,
        "columns",
        rest("POST", SUM, {"inputs": {name: [one] for name, one in ROW.items()}}),
        '200 {"outputs": [[[[3.0, 4.0, 5.0, 6.0]]]]}',
    )
    yield Case(
        group,
        "several outputs, rows",
        rest("POST", SUM, {"signature_name": "pair", "instances": [3]}),
        '200 {"predictions": [{"double": 6, "shape": 1}]}',
    )
    yield Case(
        group,
        "float32 in the fewest digits",
        rest("POST", "/v1/models/half_plus_three:predict", {"instances": [0.2]}),
        '200 {"predictions": [3.1]}',
    )
    yield Case(
        group,
        "unknown model",
        rest("POST", "/v1/models/m:predict", {"inputs": 1}),
        "404 Servable not found for request: Latest(m)",
    )
    yield Case(
        group,
        "unknown signature",
        rest("POST", SUM, {"inputs": 1, "signature_name": "s"}),
        '400 Serving signature name: "s" not found in signature def',
    )
    yield Case(
        group,
        "a signature without inputs",
        rest("POST", SUM, {"signature_name": "describe", "inputs": {}}),
        "400 Failed to get input map for signature: describe",
    )
    yield Case(group, "an empty body", rest("POST", SUM, b""), "400 JSON Parse error: The document is empty")
    yield Case(group, "no JSON", rest("POST", SUM, b"{"), "400 JSON Parse error: ...")
    yield Case(
        group,
        "half a character",
        rest("POST", SUM, b'{"signature_name": "\\ud800"}'),
        "400 JSON Parse error: ...",
    )
    yield Case(group, "no object", rest("POST", SUM, []), "400 JSON Value: [] Is not object")
    yield Case(group, "neither key", rest("POST", SUM, {}), "400 Missing 'inputs' or 'instances' key")
    yield Case(
        group,
        "both keys",
        rest("POST", SUM, {"inputs": 1, "instances": 1}),
        "400 ...Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist...",
    )
    yield Case(
        group, "no rows", rest("POST", SUM, {"instances": []}), "400 ...No values in 'instances' array"
    )
    yield Case(
        group,
        "an input is missing",
        rest("POST", SUM, {"inputs": {"t1": 1}}),
        "400 Missing named input: adc in 'inputs' object.",
    )
    yield Case(
        group,
        "a text for a number",
        rest("POST", SUM, {"inputs": {"t1": "a", "adc": 1}}),
        '400 JSON Value: "a" Type: String is not of expected type: float...',
    )
    yield Case(
        group,
        "4294967296 for an int32",
        rest("POST", SUM, {"signature_name": "pair", "inputs": [4294967296]}),
        "400 JSON Value: 4294967296 Type: Number is not of expected type: int32",
        "400 JSON Value: 4294967296 Type: Number is out of the range of type: int32",
        "the text says what is wrong with it",
    )
    yield Case(
        group,
        "lists of unequal length",
        rest("POST", SUM, {"inputs": {"t1": [[1], [1, 2]], "adc": 1}}),
        "400 Encountered list at unexpected size: 2 at level: 1 expected size: 1",
    )
    yield Case(
        group,
        "damaged base64",
        rest("POST", WORDS, {"inputs": [{"b64": "?"}]}),
        "400 Unable to base64 decode",
    )
    yield Case(
        group,
        "classify, two inputs",
        rest("POST", "/v1/models/sum:classify", {"examples": [{}]}),
        "400 Expected one input Tensor.",
    )
    for method, kind in (("classify", "classification"), ("regress", "regression")):
        yield Case(
            group,
            f"{method}, a signature that does so",
            rest("POST", f"/v1/models/words:{method}", {"signature_name": method, "examples": [{}]}),
            "200",
            _not_here(kind).replace("UNIMPLEMENTED", "501"),
            _NOT_CLASSIFIED,
        )


def _http() -> Iterator[Case]:
    import gzip

    group = "REST: HTTP"
    body = json.dumps({"instances": [1.0]}).encode()
    path = "/v1/models/half_plus_three:predict"
    answer = '200 {"predictions": [3.5]}'
    yield Case(
        group, "a body by gzip", rest("POST", path, gzip.compress(body), Content_Encoding="gzip"), answer
    )
    yield Case(
        group,
        "a body in chunks",
        rest("POST", path, b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body), Transfer_Encoding="chunked"),
        answer,
    )
    yield Case(
        group, "another method", rest("PUT", SUM, {}), "400 Malformed request: PUT /v1/models/sum:predict"
    )
    yield Case(
        group,
        "HEAD",
        rest("HEAD", "/v1/models/sum"),
        "400",
        "200",
        "load balancers look so; it is GET without the content",
    )
    yield Case(group, "OPTIONS of a page of another site", rest("OPTIONS", SUM, Origin="https://a"), "200")
    yield Case(
        group,
        "OPTIONS without an origin",
        rest("OPTIONS", SUM),
        "400 Origin header is missing in CORS preflight",
    )
    yield Case(
        group,
        "a path outside of /v1",
        rest("GET", "/index.html"),
        "404, a page of HTML",
        "404 Not found: /index.html",
        "every error has one form",
    )
    yield Case(
        group,
        "a body above the limit",
        _too_long,
        "the limit is 2 GB",
        "429 The body has 4000001 bytes, the limit is 4000000.",
        "--max_request_bytes, 2 GB unless told otherwise; 4 MB in this test",
    )


def _too_long(running: Any) -> str:
    import http.client

    connection = http.client.HTTPConnection(running.rest_address, timeout=60)
    connection.putrequest("POST", SUM)
    connection.putheader("Content-Length", "4000001")
    connection.endheaders()
    reply = connection.getresponse()
    return f"{reply.status} {json.loads(reply.read())['error']}"


# --- the page ----------------------------------------------------------------------------------------


def tables() -> str:
    """The tables of docs/reference/protocol.md, all cases and all flags."""
    lines: list[str] = []
    group = ""
    for case in cases():
        if case.group != group:
            group = case.group
            lines += [
                "",
                f"### {group}",
                "",
                "| asked | production | here, where it differs | why |",
                "|---|---|---|---|",
            ]
        lines.append(f"| {case.asked} | {_cell(case.production)} | {_cell(case.ours)} | {case.why} |")
    return "\n".join([*lines, "", *_flags(), ""]).lstrip("\n")


def _cell(text: str) -> str:
    return f"`{text}`".replace("|", "\\|") if text else ""


def _flags() -> Iterator[str]:
    from cbvsynth.server.foreign_flags import REFUSED, WITHOUT_EFFECT
    from tests.server.test_foreign_flags import PRODUCTION

    yield from ("### Flags", "", "| flag | here | why |", "|---|---|---|")
    for name in sorted(PRODUCTION):
        if name in REFUSED:
            yield f"| `{name}` | refused | {REFUSED[name]} |"
        elif name in WITHOUT_EFFECT:
            yield f"| `{name}` | taken, without effect | {WITHOUT_EFFECT[name]} |"
        else:
            yield f"| `{name}` | obeyed | {DEFAULTS.get(name, '')} |"


DEFAULTS = {
    "port": "0 takes a free port and prints it; the production server opens none then",
    "rest_api_port": "8501 by default, -1 opens none, 0 takes a free one; in production none",
    "grpc_max_threads": "8 by default, which bounds the memory; in production four for each processor",
    "model_config_file": "wins over model_base_path, as in production",
}


def page(text: str) -> str:
    """The page's text with the tables made anew."""
    before, _, rest_of = text.partition(BEGIN)
    _, _, after = rest_of.partition(END)
    return f"{before}{BEGIN}\n{tables()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
