"""`cbvsynth serving skew`: is what is served what was scored, for every trained model?

Every exported model of a run is put behind an embedded server of its own and asked over gRPC for the
map of every held-out examination that it was scored on. The map, and how sure the model is where it says so,
must be that of the SavedModel called directly, bit for bit, and the map's four SSIMs must be those that were
stored when the model was scored.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from cbvsynth.client import CbvClient
from cbvsynth.client.request import PreparedExamination
from cbvsynth.domain.options import Uncertainty
from cbvsynth.domain.sequences import ModelId
from cbvsynth.domain.wording import counted
from cbvsynth.errors import ModelError, ResultError
from cbvsynth.proof.comparison import predict_cached, ssim_by_convention, stored_scores
from cbvsynth.proof.options import SkewOptions
from cbvsynth.proof.processes import server_process
from cbvsynth.records.examinations import ExaminationIndex, read_index
from cbvsynth.records.summaries import read_summary
from cbvsynth.signature import OUTPUT, OUTPUT_SD
from cbvsynth.wire.tensors import Float32Array

if TYPE_CHECKING:
    from cbvsynth.training.saved_model import ExportedModel

MOST_SSIM_DIFFERENCE = 1e-6
"""Between the served map's SSIM and the stored one, which may be from another machine. Our choice: below
what any table shows."""


@dataclass(frozen=True)
class Skew:
    """What was found for one model.

    differing_voxels: in all maps, those of `cbv_sd` as well, served against direct.
    ssim_difference: the largest of all examinations and conventions, served against stored.
    """

    model: str
    examinations: int
    differing_voxels: int
    ssim_difference: float

    @property
    def is_zero(self) -> bool:
        """Whether the same map is served, with the same score."""
        return self.differing_voxels == 0 and self.ssim_difference <= MOST_SSIM_DIFFERENCE


def run(options: SkewOptions) -> tuple[Skew, ...]:
    """Compare every model, and print a row for each.

    Raises:
        ResultError: the run's results are missing.
        ModelError: a model is served as another one than it was scored as.
        ServingError: the server does not start or does not answer.
    """
    names = options.models or _trained(options.artifacts)
    for name in names:
        ModelId.parse(name)
    index = read_index(options.artifacts / "preprocess")
    print(f"{'model':<30}{'examinations':>13}{'differing voxels':>18}{'largest SSIM difference':>25}")
    found = []
    with _serve(options, names) as address:
        for name in names:
            skew = _compare(options, index, name, address)
            found.append(skew)
            print(
                f"{skew.model:<30}{skew.examinations:>13}{skew.differing_voxels:>18}"
                f"{skew.ssim_difference:>25.1e}",
                flush=True,
            )
    wrong = [skew.model for skew in found if not skew.is_zero]
    if wrong:
        raise ModelError(
            f"{', '.join(wrong)} {'is' if len(wrong) == 1 else 'are'} served as another model than was "
            "scored; expected the same map bit for bit, and its SSIM. Do not promote; train again with the "
            "software that serves."
        )
    total = sum(skew.examinations for skew in found)
    print(f"{counted(len(found), 'model')}, {counted(total, 'map')}: what is served is what was scored")
    return tuple(found)


def _trained(artifacts: Path) -> tuple[str, ...]:
    folder = artifacts / "train"
    names = tuple(sorted(path.parent.name for path in folder.glob("[!.]*/summary.json")))
    if not names:
        raise ResultError(
            f"No trained model in '{folder}'; expected those of a finished run. Train first: make demo."
        )
    return names


@contextmanager
def _serve(options: SkewOptions, names: tuple[str, ...]) -> Iterator[str]:
    """Serve every model under its own name as version 1; the server's address."""
    with TemporaryDirectory() as base:
        entries = []
        for name in names:
            (Path(base) / name).mkdir()
            (Path(base) / name / "1").symlink_to(_saved_model(options.artifacts, name).resolve())
            entries.append(
                f'  config {{ name: "{name}" base_path: "{base}/{name}" model_platform: "tensorflow" }}'
            )
        config = Path(base) / "models.config"
        config.write_text("\n".join(["model_config_list {", *entries, "}"]), encoding="utf-8")
        flags = [f"--model_config_file={config}", "--port=0", "--rest_api_port=-1"]
        with server_process(flags, Path(base) / "server.log") as server:
            yield server.addresses(options.wait_s)["gRPC"]


def _compare(options: SkewOptions, index: ExaminationIndex, name: str, address: str) -> Skew:
    from cbvsynth.training.startup import quiet_tensorflow

    with quiet_tensorflow():
        from cbvsynth.training.saved_model import load_exported

        direct = load_exported(_saved_model(options.artifacts, name))
    folder = options.artifacts / "train" / name
    stored = stored_scores(folder, read_summary(folder / "summary.json").saved_model_digest)
    entries = [
        entry for entry in index.of_split("held-out", direct.description.sequences) if entry.exam_id in stored
    ][: options.examinations or None]
    if not entries:
        raise ResultError(
            f"{name}: no examination that it was scored on is at hand; expected those in per_exam.csv. Run "
            "preprocess on the data of the run."
        )
    differing, largest = 0, 0.0
    with CbvClient(address, model=name) as client:
        for entry in entries:
            made = predict_cached(client, index, entry, version=1, uncertainty=Uncertainty.AUTO)
            served = {OUTPUT: made.canonical, OUTPUT_SD: made.canonical_sd}
            for output, expected in _directly(direct, made.prepared).items():
                differing += int(np.count_nonzero(served[output] != expected))
            found = ssim_by_convention(index, entry, made.canonical, made.cbv_max)
            largest = max(
                largest,
                *(abs(value - getattr(stored[entry.exam_id], column)) for column, value in found.items()),
            )
    return Skew(name, len(entries), differing, largest)


def _directly(direct: ExportedModel, prepared: PreparedExamination) -> dict[str, Float32Array]:
    """The outputs that the SavedModel gives without a server, (X, Y, Z), 0 outside the brain."""
    batch = {name.value: prepared.inputs[name][np.newaxis] for name in direct.description.sequences}
    found = direct.outputs(batch)
    return {name: np.where(prepared.mask, values[0], np.float32(0.0)) for name, values in found.items()}


def _saved_model(artifacts: Path, name: str) -> Path:
    return artifacts / "train" / name / "saved_model"
