"""Each extra by itself, in an environment of its own, runs what docs/reference/extras.md says it is for."""

from __future__ import annotations

import ast
import csv
import json
import re
import shutil
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from cbvsynth.cli import all_commands
from cbvsynth.entrypoint import DISTRIBUTIONS
from tests.packaging.environments import ROOT, Environment, make_environment

pytestmark = pytest.mark.timeout(1800)  # an environment for each extra is made before the first test
PAGE = (ROOT / "docs/reference/extras.md").read_text(encoding="utf-8")
TABLE = {
    extra.strip("`").replace("none", ""): re.findall(r"`([^`]+)`", purpose)
    for extra, purpose in re.findall(r"^\| (`[\w-]+`|none) \| (.+?) \|", PAGE, re.MULTILINE)
}
"""Extra -> what the page says it is for."""
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
EXAMINATION = "sub-003/ses-1/anat/sub-003_ses-1"
IMAGES = (
    *("--t1c", f"data/{EXAMINATION}_ce-gadolinium_T1w.nii"),
    *("--mask", f"data/derivatives/masks/{EXAMINATION}_desc-brain_mask.nii"),
)
NOBODY = ("--host", "http://127.0.0.1:1")
ONE_LINE = r"\Aerror: .+\n\Z"


class Typed(NamedTuple):
    """What is typed for one entry of the page, and what must come of it."""

    entry: str
    arguments: tuple[str, ...] = ()
    says: str = ""
    """Pattern in what it prints."""
    code: int = 0


# In an order in which each finds what those before it have made.
RUN = (
    Typed("cbvsynth phantom", ("--patients", "8", "--matrix", "32", "--damaged", "1"), "11 synthetic exam"),
    Typed("cbvsynth manifest", ("data",), r"examinations +11"),
    Typed("cbvsynth plan", (), ONE_LINE, 1),  # eight patients are too few for the gate
    Typed("cbvsynth study use", ("data",), "data is a folder of its own"),
    Typed("cbvsynth study back", (), ONE_LINE, 2),  # data/ was the study: nothing was set aside
    Typed("cbvsynth validate", ("--register", "off"), "10 of 11 examinations accepted"),
    Typed("cbvsynth limits suggest", ("--register", "off"), "written: limits.suggested.yaml"),
    Typed("cbvsynth completion", ("bash",), "complete -F"),
    Typed("cbvsynth preprocess", ("--seed", "5"), "10 prepared"),
    Typed("cbvsynth sweep list", ("encdec-*",), "encdec-t1c"),
    Typed("cbvsynth sweep quick", (), "4 models"),
    Typed(
        "cbvsynth train",
        ("--model", "encdec-t1c", "--epochs", "20", "--base_channels", "16"),
        "2 held-out examinations",
    ),
    Typed("cbvsynth synthesise", ("--model", "encdec-t1c"), "2 maps"),
    Typed(
        "cbvsynth evaluate",
        (
            *("--models", "encdec-t1c", "--min_examinations", "2", "--max_lesion_bias", "30"),
            *("--max_diagnosis_bias", "30", "--max_scale_error", "30", "--min_lesion_slope", "-1"),
            *("--min_lesion_concordance", "-1", "--min_lesion_texture", "-1", "--max_auc_loss", "1"),
            "--required_baselines",
        ),
        "Verdict: promote",
    ),
    Typed("cbvsynth leaderboard", (), "encdec-t1c"),
    Typed("cbvsynth verdict", ("--check",), "equal: "),
    Typed("cbvsynth tour", (), "Promote encdec-t1c"),
    Typed("cbvsynth sweep status", (), r"encdec-t2-t1c +waiting"),
    Typed("cbvsynth sweep paper", (), "62 models"),
    Typed("cbvsynth sweep folds", ("--count", "99", "--models", "encdec-t1c"), r"\Aerror: 99 folds of", 2),
    Typed("cbvsynth promote", (), "'cbvsynth' has a champion: version 1"),
    Typed("cbvsynth registry list", (), "champion"),
    Typed("cbvsynth registry canary", (), "none"),
    Typed("cbvsynth registry rollback", (), ONE_LINE, 1),
    Typed("cbvsynth report", (), "report/index.html"),
    Typed("cbvsynth cohort", (), "Welch"),
    Typed("cbvsynth clinical analyse", ("reads.csv",), "clinical"),
    Typed("cbvsynth clinical prognosis", ("survival.csv", "--covariates", "age"), "24 patients, "),
    Typed("cbvsynth reader-study make", (), "2 examinations"),
    Typed("cbvsynth reader-study analyse", ("A.csv", "B.csv", "--study", "reader-study"), "Anatomy"),
    Typed("cbvsynth serving sync", ("--once",), "stable is version 1"),
    Typed("cbvsynth predict", (*IMAGES, "--out", "cbv.nii.gz", "--server", "SERVER"), "written   cbv.nii.gz"),
    Typed("cbvsynth page", (), r"\Aerror: The viewer .*npm pack", 1),
    Typed(
        "cbvsynth node run",
        ("--pacs", "PACS@localhost:1", "--allowed", "PACS", "--tls_pacs", "none.pem"),
        ONE_LINE,
        2,
    ),
    Typed("cbvsynth node status", (), ONE_LINE, 2),
    Typed("from cbvsynth.client import CbvClient", (), ""),
    Typed("from cbvsynth.wire.tracing import start_tracing", (), ""),
    Typed("cbvsynth pipeline compile", (), "pipelines/cbv-synthesis.yaml"),
    Typed("cbvsynth pipeline submit", NOBODY, ONE_LINE, 1),
    Typed("cbvsynth pipeline schedule", ("--cron", "0 0 3 * * 1", *NOBODY), ONE_LINE, 1),
    Typed("cbvsynth pipeline status", ("a-run", *NOBODY), ONE_LINE, 1),
    Typed("cbvsynth k8s check", (str(ROOT / "k8s/overlays/kind"),), "0 problems"),
    Typed("dvc repro", (), r"examinations +11"),
    Typed("mlflow server", ("--help",), "--backend-store-uri"),
    Typed("cbvsynth serving skew", ("--examinations", "1"), "what is served is what was scored"),
    Typed("cbvsynth serving demo", ("--once", "--port", "PORT", "--rest_api_port", "PORT"), "cbv"),
    Typed("cbvsynth rescue", ("--local", "--register", "off"), "rescue"),
    Typed("cbvsynth score", ("--data", "data", "--register", "off"), "Version 1 learned from", 1),
    Typed(
        "cbvsynth clinical simulate",
        ("--patients_per_class", "5", "--matrix", "32", "--out", "simulated"),
        "simulated",
    ),
    Typed("cbvsynth pipeline run-local", ("--set", "models=none"), r"\Aerror: 'none' is not a model", 2),
)
"""The server is started for predict; a whole run of the pipeline takes minutes and has a test of its own."""


def test_the_page_lists_every_extra_and_every_command_once() -> None:
    assert {extra for extra in TABLE if extra} == EXTRAS.keys()
    listed = [entry for entries in TABLE.values() for entry in entries]
    assert len(listed) == len(set(listed))
    commands = {entry for entry in listed if entry.startswith("cbvsynth ")}
    assert commands == {f"cbvsynth {command}" for command in all_commands()}


def test_what_is_typed_below_is_all_that_the_page_says() -> None:
    listed = {entry for entries in TABLE.values() for entry in entries}
    assert {typed.entry for typed in RUN} | {"cbvsynth-server", "manifest.parquet"} == listed


def test_all_brings_what_every_extra_brings() -> None:
    def packages(extra: str) -> set[str]:
        found: set[str] = set()
        for requirement in EXTRAS[extra]:
            inner = re.match(r"cbvsynth\[(.+)\]", requirement)
            found |= (
                set().union(*(packages(one) for one in inner[1].split(",")))
                if inner
                else {re.split(r"[>=<]", requirement)[0]}
            )
        return found

    assert packages("all") == set().union(*(packages(extra) for extra in EXTRAS))


def test_every_package_that_the_code_imports_is_named_by_the_project() -> None:
    """SQLAlchemy and markupsafe were imported, and were there only because others need them."""
    named = {
        re.split(r"[\[>=<]", requirement)[0]
        for requirement in [*PROJECT["dependencies"], *(one for extra in EXTRAS.values() for one in extra)]
    }
    brought = packages_distributions()
    imported = {
        name.partition(".")[0]
        for path in (ROOT / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    } - {*sys.stdlib_module_names, "cbvsynth"}
    packages = {
        module: DISTRIBUTIONS.get(module, module.replace("_", "-").replace("yaml", "pyyaml"))
        for module in imported
    }
    assert len(packages) > 15
    assert set(packages.values()) - named == set(), "imported; to be named in pyproject.toml"
    for module, package in packages.items():
        assert package in {one.lower().replace("_", "-") for one in brought[module]}, module


@pytest.fixture(scope="module")
def environments(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Environment]:
    folder = tmp_path_factory.mktemp("extras")
    return {extra: make_environment(folder / (extra or "none"), wheel, extra) for extra in TABLE}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what a user brings: limits, parameters, a table of reads, a stage for DVC."""
    made = tmp_path_factory.mktemp("study")
    for name in ("limits.yaml", "params.yaml"):
        shutil.copy(ROOT / name, made)
    rng = np.random.default_rng(1)
    reads = ["exam_id,truth,p_standard,p_with_cbv,reader,task"]
    for number in range(40):
        truth = number % 2
        guesses = [np.clip(0.3 + 0.4 * truth + rng.normal(0, spread), 0, 1) for spread in (0.4, 0.2)]
        reads.append(f"e{number},{truth},{guesses[0]:.3f},{guesses[1]:.3f},A,grade")
    (made / "reads.csv").write_text("\n".join(reads))
    survival = ["patient,time_months,event,cbv_synthetic,age"]
    for number in range(24):
        months, cbv, age = rng.uniform(1, 30), rng.uniform(1, 9), rng.integers(30, 80)
        survival.append(f"p{number},{months:.1f},{number % 3 > 0:d},{cbv:.1f},{age}")
    (made / "survival.csv").write_text("\n".join(survival))
    (made / "dvc.yaml").write_text("stages: {look: {cmd: cbvsynth manifest data, deps: [data]}}\n")
    return made


@pytest.fixture(scope="module")
def results(
    environments: dict[str, Environment], bare: Environment, folder: Path
) -> dict[str, tuple[subprocess.CompletedProcess[str], subprocess.CompletedProcess[str]]]:
    """Entry of the page -> what came of it without its extra, and with it."""
    done = {}
    for typed in RUN:
        extra = extra_of(typed.entry)
        if typed.entry == "cbvsynth reader-study analyse":
            write_scores(folder)
        if typed.entry == "dvc repro":
            environments[extra].run("dvc", "init", "--no-scm", "--quiet", cwd=folder)
        with server(environments["serve"], folder, needed="SERVER" in typed.arguments) as address:
            words = words_of(typed, address)
            without = bare.run(*words, cwd=folder) if needs_its_extra(typed) else None
            done[typed.entry] = (without, environments[extra].run(*words, cwd=folder))
    return done


def extra_of(entry: str) -> str:
    return next(extra for extra, entries in TABLE.items() if entry in entries)


def words_of(typed: Typed, address: str) -> list[str]:
    if typed.entry.startswith("from "):
        return ["python", "-c", typed.entry]
    values = [
        {"SERVER": address, "PORT": str(free_port())}.get(word, word) if word in ("SERVER", "PORT") else word
        for word in typed.arguments
    ]
    return [*typed.entry.split(), *values]


def needs_its_extra(typed: Typed) -> bool:
    """Whether it cannot end as it should without the extra; a host that is not there is asked before kfp,
    and wrong usage is told before anything."""
    return (
        typed.entry.startswith("cbvsynth ")
        and bool(EXTRAS.get(extra_of(typed.entry)))
        and not {*NOBODY} <= {*typed.arguments}
        and typed.code != 2
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(serving: Environment, folder: Path, *, needed: bool) -> Iterator[str]:
    """The address of `cbvsynth-server` of the extra serve on what sync has laid out."""
    if not needed:
        yield ""
        return
    log = folder / "server.log"
    flags = (
        *("--port", "0", "--rest_api_port", "-1", "--model_config_file", "artifacts/models/models.config"),
        "--allow_version_labels_for_unavailable_models",
    )
    with log.open("w") as output:
        process = subprocess.Popen(
            [str(serving.program("cbvsynth-server")), *flags],
            cwd=folder,
            env=serving.variables(),
            stdout=output,
            stderr=output,
        )
        try:
            deadline = time.monotonic() + 120
            while not (found := re.search(r"gRPC on (\S+:\d+)", log.read_text())):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
            yield found[1]
        finally:
            process.terminate()
            process.wait(timeout=60)


def write_scores(folder: Path) -> None:
    """The scores that two readers of the made study could have given."""
    study = json.loads((folder / "reader-study/key/study.json").read_text())["study"]
    with (folder / "reader-study/key/key.csv").open() as source:
        key = list(csv.DictReader(source))
    for number, reader in enumerate("AB", start=1):
        lines = [f"{study},{reader},{row['code']},{number},3,2," for row in key if row["reader"] == reader]
        (folder / f"{reader}.csv").write_text(
            "\n".join(["study,reader,item,anatomy,lesion,artefacts,comment", *lines])
        )


@pytest.mark.slow
@pytest.mark.parametrize("typed", RUN, ids=lambda typed: typed.entry)
def test_an_extra_by_itself_runs_what_it_is_for(typed: Typed, results) -> None:
    """evaluate died for want of MLflow, which its extra did not bring."""
    _, done = results[typed.entry]
    assert done.returncode == typed.code, done.stdout + done.stderr
    assert re.search(typed.says, done.stderr if typed.code else done.stdout), done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    "typed",
    [typed for typed in RUN if needs_its_extra(typed)],
    ids=lambda typed: typed.entry,
)
def test_without_its_extra_a_command_names_one_that_brings_what_is_missing(typed: Typed, results) -> None:
    """report, registry list, reader-study make and pipeline compile ended in a bare ModuleNotFoundError."""
    without, _ = results[typed.entry]
    line = re.fullmatch(
        r"error: This needs [\w-]+, which is not installed: pip install 'cbvsynth\[([\w-]+)\]'\.\n",
        without.stderr,
    )
    assert (without.returncode, without.stdout) == (1, ""), without.stderr
    assert line is not None, without.stderr
    own = extra_of(typed.entry)
    assert line[1] == own if own not in ("all", "sync") else line[1] in EXTRAS


@pytest.mark.slow
def test_the_server_names_its_extra(bare: Environment, tmp_path: Path) -> None:
    done = bare.run("cbvsynth-server", "--model_name", "m", "--model_base_path", str(tmp_path), cwd=tmp_path)
    assert done.returncode == 1
    assert re.search(r"\Aerror: This needs .+ 'cbvsynth\[serve\]'\.\n\Z", done.stderr), done.stderr


@pytest.mark.slow
def test_a_server_that_is_not_there_is_one_line(
    environments: dict[str, Environment], results, folder: Path
) -> None:
    flags = ("--out", "other.nii.gz", "--server", "127.0.0.1:1", "--timeout_s", "2")
    done = environments["client"].run("cbvsynth", "predict", *IMAGES, *flags, cwd=folder)
    assert done.returncode == 1
    assert re.search(ONE_LINE, done.stderr), done.stderr


@pytest.mark.slow
def test_a_montage_that_cannot_be_drawn_is_refused_before_the_map_is_made(
    environments: dict[str, Environment], results, folder: Path
) -> None:
    """The map was written, then matplotlib was missing, and the next try was refused: the map was there."""
    flags = ("--out", "shown.nii.gz", "--montage", "shown.png", "--server", "127.0.0.1:1")
    done = environments["client"].run("cbvsynth", "predict", *IMAGES, *flags, cwd=folder)
    assert "This needs matplotlib, which is not installed: pip install 'cbvsynth[pages]'." in done.stderr
    assert done.returncode == 1
    assert not (folder / "shown.nii.gz").exists()


@pytest.mark.slow
def test_a_manifest_may_be_a_parquet_table(
    environments: dict[str, Environment], bare: Environment, results, folder: Path
) -> None:
    shutil.copytree(folder / "data", folder / "other")
    convert = (
        "from pyarrow import csv, parquet; "
        "parquet.write_table(csv.read_csv('other/manifest.csv'), 'other/manifest.parquet')"
    )
    made = environments["parquet"].run("python", "-c", convert, cwd=folder)
    assert made.returncode == 0, made.stderr
    (folder / "other/manifest.csv").unlink()
    read = environments["parquet"].run("cbvsynth", "manifest", "other", cwd=folder)
    assert (read.returncode, re.search(r"examinations +11", read.stdout) is not None) == (0, True), read
    refused = bare.run("cbvsynth", "manifest", "other", cwd=folder)
    assert refused.returncode == 1
    assert re.search(ONE_LINE, refused.stderr), refused.stderr
    assert "pyarrow" in refused.stderr
