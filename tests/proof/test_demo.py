"""What `make serve` does after a run."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cbvsynth.client.connection import Connection, ModelReference
from cbvsynth.commands.registry import rollback
from cbvsynth.errors import RegistryError, UsageError
from cbvsynth.proof.demo import run
from cbvsynth.proof.options import DemoOptions
from tests.registry.trained_models import decide
from tests.training.cached_study import write_study


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"Port {port} is taken"):
            run(DemoOptions(once=1, port=port, rest_api_port=free_port()))


def test_before_anything_is_promoted_it_says_what_to_do(empty_registry: None) -> None:
    with pytest.raises(RegistryError, match=r"has no champion.*make demo"):
        run(DemoOptions(once=1, port=free_port(), rest_api_port=free_port()))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def promote_a_trained_model(seed: int) -> None:
    """Train for two epochs on a tiny study, and crown the result as evaluate and promote would."""
    from cbvsynth.config import PromoteConfig, TrainConfig
    from cbvsynth.domain.selection.records import Outcome
    from cbvsynth.registry.champion import present_champion
    from cbvsynth.steps.promote import run as promote
    from cbvsynth.steps.train import run as train

    train(
        TrainConfig(
            model="encdec-t1c-adc",
            epochs=2,
            base_channels=4,
            residual_blocks=1,
            checkpoint_every=1,
            seed=seed,
            checkpoints=Path(f"artifacts/checkpoints-{seed}"),
        )
    )
    present = present_champion("cbvsynth")
    against = None if present is None else (present.version, present.model, present.digest)
    decide("encdec-t1c-adc", Outcome.PROMOTE, against)
    promote(PromoteConfig())


@pytest.fixture
def two_champions(empty_registry: None) -> None:
    """Version 2 is champion after version 1; both are real models of a tiny study."""
    write_study(Path("artifacts/preprocess"))
    promote_a_trained_model(seed=1)
    promote_a_trained_model(seed=2)


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_served_map_scores_as_its_model_did(
    two_champions: None, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    found = run(DemoOptions(once=1, port=free_port(), rest_api_port=free_port()))
    assert found.stored_ssim is not None
    assert abs(found.served_ssim - found.stored_ssim) < 1e-5
    assert (found.model, found.version) == ("encdec-t1c-adc", 2)
    assert Path("artifacts/serve/prediction.png").read_bytes().startswith(b"\x89PNG")
    assert f"{found.served_ssim:.6f}" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_running_server_follows_a_rollback_and_goes_with_ctrl_c(two_champions: None) -> None:
    port = free_port()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "cbvsynth.cli",
            "serving",
            "demo",
            f"--port={port}",
            f"--rest_api_port={free_port()}",
        ],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
        # A shell lets what it starts in the background ignore Ctrl-C, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  no threads yet
    )
    connection = Connection(f"localhost:{port}")
    stable = ModelReference("cbvsynth", label="stable")
    try:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "until Ctrl-C" in line:
                break
        assert any("cbvsynth predict" in line for line in lines)
        assert connection.live_versions("cbvsynth") == (1, 2)
        assert connection.describe(stable)[1] == 2
        rollback()
        deadline = time.monotonic() + 90
        while connection.describe(stable)[1] != 1:
            assert time.monotonic() < deadline, "the label did not follow"
            time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
    finally:
        connection.close()
        process.kill()
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", port)) != 0
