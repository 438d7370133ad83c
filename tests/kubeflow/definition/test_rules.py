"""Each rule over a compiled package passes on ours and fails on one seeded mistake."""

from collections.abc import Callable
from typing import NamedTuple

import pytest
from kfp import compiler, dsl

from cbvsynth.kubeflow.definition.rules import MOST_BYTES, broken_rules
from tests.kubeflow.checkout import COMMITTED

IMAGE = "cbvsynth:0.1.0"


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def names() -> list:
    return ["a"]


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def named() -> NamedTuple("Outputs", [("passed", bool), ("items", list)]):
    return (True, ["a"])


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def text() -> str:
    return "a"


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def use(item: str, other: str = "x") -> str:
    return item


@dsl.component(base_image="cbvsynth:latest", install_kfp_package=False)
def of_latest() -> str:
    return "a"


@dsl.component(base_image="cbvsynth", install_kfp_package=False)
def of_no_tag() -> str:
    return "a"


@dsl.component(base_image="registry:5000/cbvsynth@sha256:123", install_kfp_package=False)
def of_short_digest() -> str:
    return "a"


@dsl.component(base_image=IMAGE, install_kfp_package=True)
def installing() -> str:
    return "a"


def quiet(task: dsl.PipelineTask) -> dsl.PipelineTask:
    return task.set_caching_options(False)


def upstream_parameter_in_loop() -> None:
    word = quiet(text())
    with dsl.ParallelFor(quiet(names()).output) as item:
        quiet(use(item=item, other=word.output))


def loop_over_named_output() -> None:
    with dsl.ParallelFor(quiet(named()).outputs["items"]) as item:
        quiet(use(item=item))


def condition_on_named_output() -> None:
    with dsl.If(quiet(named()).outputs["passed"] == True):  # noqa: E712
        quiet(text())


def two_tasks_in_loop() -> None:
    with dsl.ParallelFor(quiet(names()).output) as item:
        quiet(use(item=quiet(use(item=item)).output))


def loop_in_loop() -> None:
    with dsl.ParallelFor(["a", "b"]) as outer, dsl.ParallelFor(["c", "d"]):
        quiet(use(item=outer))


def retry_in_loop() -> None:
    with dsl.ParallelFor(quiet(names()).output) as item:
        quiet(use(item=item)).set_retry(2)


def cached() -> None:
    text()


MISTAKES: list[tuple[Callable[[], None], str]] = [
    (upstream_parameter_in_loop, "output parameter 'pipelinechannel--text-Output' of text enters the loop"),
    (loop_over_named_output, "loops over the named output 'items'"),
    (condition_on_named_output, "asks the named output 'pipelinechannel--named-passed'"),
    (two_tasks_in_loop, "2 tasks or a graph in one iteration"),
    (loop_in_loop, "1 tasks or a graph in one iteration"),
    (retry_in_loop, "a retry inside a loop is not obeyed"),
    (lambda: quiet(of_latest()) and None, "the image 'cbvsynth:latest' of exec-of-latest may change"),
    (lambda: quiet(of_no_tag()) and None, "the image 'cbvsynth' of exec-of-no-tag may change"),
    (lambda: quiet(of_short_digest()) and None, "has an invalid digest"),
    (lambda: quiet(installing()) and None, "installs packages when it starts"),
    (cached, "Kubeflow's cache is on"),
]


def compiled(build: Callable[[], None], folder) -> str:
    path = folder / "package.yaml"
    pipeline = dsl.pipeline(name="seeded")(lambda: build())  # noqa: PLW0108  a pipeline has a signature
    compiler.Compiler().compile(pipeline, str(path))
    return path.read_text()


def test_our_package_breaks_no_rule() -> None:
    assert broken_rules(COMMITTED.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(("build", "message"), MISTAKES, ids=lambda value: getattr(value, "__name__", None))
def test_a_seeded_mistake_is_found_and_nothing_else(build, message: str, tmp_path) -> None:
    found = broken_rules(compiled(build, tmp_path))
    assert len(found) == 1, found
    assert message in found[0]


@pytest.mark.parametrize(
    ("default", "message"),
    [
        ("''", "its default is ''"),
        ("false", "its default is False"),
        ("[]", "its default is []"),
        ("null", "its default is None"),
        ("/usr/bin/python3", "which runners rewrite"),
    ],
)
def test_a_default_that_breaks_the_form_is_found(default: str, message: str) -> None:
    components, root, form = COMMITTED.read_text(encoding="utf-8").partition("\nroot:\n")
    form = form.replace("defaultValue: 'off'", f"defaultValue: {default}", 1)
    (found,) = broken_rules(components + root + form)
    assert message in found


def test_a_parameter_without_a_description_is_found() -> None:
    text = COMMITTED.read_text(encoding="utf-8")
    described = "description: 'Adam''s learning rate (paper: 1e-3).'"
    assert described in text
    (found,) = broken_rules(text.replace(described, "description: ''"))
    assert found.startswith("parameter 4. Train: learning_rate: no description")


def test_a_package_that_is_too_large_is_found() -> None:
    text = COMMITTED.read_text(encoding="utf-8")
    most = text + "#" * (MOST_BYTES - len(text.encode()))
    assert broken_rules(most) == []
    (found,) = broken_rules(most + "#")
    assert f"{MOST_BYTES + 1} bytes" in found
