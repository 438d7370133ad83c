"""A program's exit codes and messages: one clear line, never a traceback for what people can mend."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
import tyro

from cbvsynth.domain.options import Layout
from cbvsynth.entrypoint import installation_error, run_function, run_guarded, storage_error
from cbvsynth.errors import GridError, UsageError


@dataclass(frozen=True)
class Settings:
    """A step for the test."""

    count: int = 1
    """How many."""
    layout: Layout = Layout.AUTO
    """Which layout."""
    models: tuple[str, ...] = ("all",)
    """Which models."""


def raising(error: BaseException) -> Callable[[], None]:
    def action() -> None:
        raise error

    return action


def test_success_is_exit_code_0() -> None:
    assert run_guarded(lambda: None) == 0


@pytest.mark.parametrize(("error", "code"), [(UsageError("no such model"), 2), (GridError("two grids"), 1)])
def test_our_errors_are_one_line_and_their_exit_code(
    error: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_guarded(raising(error)) == code
    assert capsys.readouterr().err == f"error: {error}\n"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full. Nothing half-written was left; free some space"),
        (errno.EROFS, "the disk is read-only"),
        (errno.EACCES, "permission is denied"),
        (errno.EMFILE, "too many files are open. Nothing half-written was left; raise the limit (ulimit -n)"),
        (errno.EIO, "the disk reports an error"),
    ],
)
def test_what_the_disk_refuses_is_said_in_words(
    number: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_guarded(raising(OSError(number, "refused", "out/index.json"))) == 1
    shown = capsys.readouterr().err
    assert "out/index.json" in shown
    assert words in shown


def test_a_defect_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        run_guarded(raising(ZeroDivisionError()))
    with pytest.raises(OSError, match="broken"):
        run_guarded(raising(OSError(errno.EFAULT, "broken")))


def missing(module: str) -> ModuleNotFoundError:
    return ModuleNotFoundError(f"No module named '{module}'", name=module)


@pytest.mark.parametrize(
    ("module", "words", "said"),
    [
        ("matplotlib", (), "matplotlib, which is not installed: pip install 'cbvsynth[pages]'"),
        ("matplotlib", ("evaluate",), "matplotlib, which is not installed: pip install 'cbvsynth[evaluate]'"),
        ("matplotlib", ("train",), "matplotlib, which is not installed: pip install 'cbvsynth[pages]'"),
        ("mlflow", ("registry", "list"), "mlflow, which is not installed: pip install 'cbvsynth[promote]'"),
        ("grpc", (), "grpcio, which is not installed: pip install 'cbvsynth[client]'"),
        ("google.protobuf", ("serve",), "protobuf, which is not installed: pip install 'cbvsynth[serve]'"),
        ("great_expectations", (), "great-expectations, which is not installed: pip install 'cbvsynth[valid"),
    ],
)
def test_a_missing_package_is_named_with_an_extra_that_brings_it(
    module: str, words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It used to end in a bare ModuleNotFoundError."""
    assert run_guarded(raising(missing(module)), extras=words) == 1
    assert capsys.readouterr().err.startswith(f"error: This needs {said}")


@pytest.mark.parametrize("module", ["colourful", "mlflow.gone", "cbvsynth.gone"])
def test_a_missing_module_that_no_extra_brings_keeps_its_traceback(module: str) -> None:
    assert installation_error(missing(module)) is None
    with pytest.raises(ModuleNotFoundError):
        run_guarded(raising(missing(module)))


def test_an_unlisted_refusal_is_described_by_the_system() -> None:
    assert "Bad address" in str(storage_error(OSError(errno.EFAULT, "Bad address", "x")))


def test_an_interrupted_program_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_guarded(raising(KeyboardInterrupt())) == 130
    assert "start again to go on" in capsys.readouterr().err


def test_a_program_that_is_told_to_stop_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    """SIGTERM, which a drained node sends, used to end every program without a word."""
    assert run_guarded(lambda: os.kill(os.getpid(), signal.SIGTERM)) == 143
    assert "told to stop (SIGTERM); start again" in capsys.readouterr().err


PROGRAM = """
import sys
from cbvsynth.entrypoint import run_guarded
def action():
    import pathlib
    print(pathlib.Path.home(), "94.03 ± 0.57 %")
sys.exit(run_guarded(action))
"""


def test_a_terminal_that_knows_only_ascii_gets_the_text_all_the_same() -> None:
    """A ± used to end a command with a traceback after its work was done."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "94.03 \\xb1 0.57 %" in done.stdout


def test_a_user_without_home_and_name_can_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Containers run as a bare number; libraries that look for a home ended with a traceback."""

    def nobody_known(number: int) -> None:
        raise KeyError(number)

    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", nobody_known)
    homes: list[Path] = []
    assert run_guarded(lambda: homes.append(Path.home())) == 0
    assert homes == [Path(tempfile.gettempdir())]


def test_flags_are_the_fields_with_underscores_words_and_lists() -> None:
    seen: list[Settings] = []

    def step(settings: Annotated[Settings, tyro.conf.arg(name="")]) -> None:
        seen.append(settings)

    arguments = ["--count", "3", "--layout", "upenn-gbm", "--models", "a", "b"]
    assert run_function(step, arguments, "program") == 0
    assert seen == [Settings(3, Layout.UPENN_GBM, ("a", "b"))]


def test_a_wrong_flag_is_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    def command(count: int = 1) -> None:
        """Count."""

    with pytest.raises(SystemExit) as caught:
        run_function(command, ["--cuont", "3"], "cbvsynth count")
    assert caught.value.code == 2
    assert "--cuont" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["--models", "a", "--models", "b"],
        ["--models", "a", "--count=1", "--models=a"],
        ["--models", "a", "b", "--model-names", "c", "--model_names", "d"],
    ],
)
def test_a_flag_given_twice_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The last one counted, without a word: of two images ruled out one was used all the same."""

    def command(count: int = 1, models: tuple[str, ...] = (), model_names: tuple[str, ...] = ()) -> None:
        raise AssertionError((count, models, model_names))

    assert run_function(command, words, "cbvsynth count") == 2
    shown = capsys.readouterr().err
    assert shown.startswith("error: --model")
    assert "is given 2 times; expected once" in shown


@pytest.mark.parametrize("step", ["validate", "preprocess", "train", "evaluate", "promote"])
def test_help_starts_without_a_heavy_package(step: str) -> None:
    code = (
        "import sys, runpy; sys.argv = ['x', '--help']\n"
        f"try: runpy.run_module('components.{step}', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "heavy = {'tensorflow', 'keras', 'mlflow', 'great_expectations', 'pandas', 'numpy', 'kfp'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert "--out" in done.stdout
    assert done.stderr.strip() == "[]"


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted as Linux lists them")
@pytest.mark.parametrize("task", ["", "import cbvsynth.kubeflow.tasks.preprocess\n"], ids=["program", "task"])
def test_no_thread_of_openblas_waits_on_every_core(task: str) -> None:
    """`validate` took 1.5 times the CPU time, and `predict` of three small images as well."""
    code = (
        "import os, cbvsynth.entrypoint\n"
        f"{task}"
        "import numpy, scipy.linalg\n"
        "print(len(os.listdir('/proc/self/task')), os.environ['OPENBLAS_NUM_THREADS'])"
    )
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}

    def said(**given: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment | given, capture_output=True, text=True, check=True
        )
        return done.stdout.split()

    assert said() == ["1", "1"]
    assert said(OPENBLAS_NUM_THREADS="3")[1] == "3"


def test_the_message_of_an_error_can_be_kept_elsewhere_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    def refuse() -> None:
        raise UsageError("epochs is 0")

    kept: list[str] = []
    assert run_guarded(refuse, on_error=kept.append) == 2
    assert kept == ["epochs is 0"]
    assert capsys.readouterr().err == "error: epochs is 0\n"
