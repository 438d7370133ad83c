"""What validate costs for each image: CPU seconds of measuring, registration apart.

    python benchmarks/validate.py [--examinations 5] [--matrix 256] [--slices 22] [--register off rigid]

Makes a phantom study in a temporary folder and measures in one process. To compare two versions, run both
on one machine, one after the other, with the same --data.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from cbvsynth.domain.options import Register
from cbvsynth.phantom.plan import StudySettings
from cbvsynth.phantom.study import write_study
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
        survey_examination(root, listed[0], Register.OFF)
        for register in arguments.register:
            start = time.process_time()
            images = 0
            for examination in listed:
                survey_examination(root, examination, register)
                images += len(examination.files)
            spent = time.process_time() - start
            print(
                f"{register}: {spent / len(listed):.2f} CPU s an examination, {spent / images:.3f} an image "
                f"({len(listed)} examinations, {images} images)",
                flush=True,
            )


if __name__ == "__main__":
    main()
