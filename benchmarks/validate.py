"""What validate and preprocess cost for each image: CPU seconds, registration apart.

    python benchmarks/validate.py [--examinations 5] [--matrix 256] [--slices 22] [--register off rigid]

Makes a phantom study in a temporary folder and measures in one process: validate's survey, preprocess from
the files to the arrays, and preprocess again where nothing has changed, which reads the files' digests. To
compare two versions, run both on one machine, one after the other, with the same --data.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from cbvsynth.domain.examination import Examination
from cbvsynth.domain.options import Register
from cbvsynth.phantom.plan import StudySettings
from cbvsynth.phantom.study import write_study
from cbvsynth.preprocessing.study import prepare_if_changed
from cbvsynth.quality.survey import survey_examination
from cbvsynth.study.manifest import load_manifest


def main() -> None:
    """Print CPU seconds an examination and an image for each way to register."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a study that exists")
    parser.add_argument("--examinations", type=int, default=5)
    parser.add_argument("--matrix", type=int, default=256)
    parser.add_argument("--slices", type=int, default=22)
    parser.add_argument("--register", nargs="+", type=Register, default=[Register.OFF, Register.RIGID])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = arguments.data or Path(folder) / "data"
        if arguments.data is None:
            settings = StudySettings(arguments.examinations, arguments.matrix, arguments.slices, damaged=0)
            write_study(root, settings)
        listed = load_manifest(root).examinations[: arguments.examinations]
        out = Path(folder) / "arrays"
        survey_examination(root, listed[0], None, Register.OFF)  # imports what the steps import late
        prepare_if_changed(root, Path(folder) / "first", listed[0])
        for register in arguments.register:
            survey = partial(survey_examination, root, adc_unit=None, register=register)
            _report(f"validate, {register}", listed, survey)
        for name in ("preprocess", "preprocess, nothing changed"):
            _report(name, listed, lambda one: prepare_if_changed(root, out, one))


def _report(name: str, examinations: Sequence[Examination], step: Callable[[Examination], object]) -> None:
    start = time.process_time()
    for examination in examinations:
        step(examination)
    spent = time.process_time() - start
    images = sum(len(examination.files) for examination in examinations)
    print(
        f"{name}: {spent / len(examinations):.3f} CPU s an examination, {spent / images:.4f} an image "
        f"({len(examinations)} examinations, {images} images)",
        flush=True,
    )


if __name__ == "__main__":
    main()
