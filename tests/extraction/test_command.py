"""Brain extraction by a program of the lab's own."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pytest

from cbvsynth.domain.geometry import to_canonical
from cbvsynth.errors import ExtractionError, UsageError
from cbvsynth.extraction.command import command_words, run_command
from tests.extraction.heads import head, program


@pytest.fixture(scope="module")
def image():
    return to_canonical(head())


OTHER_GRID = """
import sys, nibabel as nib, numpy as np
image = nib.load(sys.argv[1])
nib.save(nib.Nifti1Image(np.ones((9, 9, 9), np.uint8), image.affine), sys.argv[2])
"""


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code, "{image}", "{mask}"]


def test_words_are_parted_as_a_shell_would() -> None:
    assert command_words("'/my tools/bet' -i {image} --out={mask} -B") == [
        "/my tools/bet",
        "-i",
        "{image}",
        "--out={mask}",
        "-B",
    ]


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("hd-bet -i {image}", "without {mask}; expected both, as in 'hd-bet -i {image} -o {mask}'"),
        ("hd-bet", "without {image} and {mask}"),
        ("hd-bet '{image} {mask}", "quotation mark is left open"),
    ],
)
def test_a_command_line_that_cannot_work_is_refused(command: str, says: str) -> None:
    with pytest.raises(UsageError, match=says.replace("{", r"\{")):
        command_words(command)


def test_the_mask_is_read_back(image, tmp_path: Path) -> None:
    mask = run_command(image, command_words(program(tmp_path)), 60.0, "e1 T1")
    assert mask.dtype == np.bool_
    assert mask.shape == image.shape
    assert np.array_equal(mask, (image.data > 200) & (image.data < 380))


def test_an_image_of_the_brain_alone_serves(image) -> None:
    code = (
        "import sys, nibabel as n, numpy as np; i = n.load(sys.argv[1]); d = np.asarray(i.dataobj); "
        "n.save(n.Nifti1Image(np.where((d > 200) & (d < 380), d, 0), i.affine), sys.argv[2])"
    )
    mask = run_command(image, python(code), 60.0, "e1 T1")
    assert np.array_equal(mask, (image.data > 200) & (image.data < 380))


def test_no_shell_reads_the_words(image) -> None:
    code = "import sys; sys.exit('; '.join(sys.argv[3:]))"
    with pytest.raises(ExtractionError, match=r"code 1: \$HOME; `id`; a&&b"):
        run_command(image, [*python(code), "$HOME", "`id`", "a&&b"], 60.0, "e1 T1")


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import sys; print('out of memory'); sys.exit(7)", "ended with code 7: out of memory"),
        ("import sys; sys.exit(3)", "ended with code 3: it said nothing"),
        ("pass", "ended well but left no file"),
        ("import sys; open(sys.argv[2], 'w').write('<html>')", "wrote is no mask"),
        (OTHER_GRID, "another grid than the image"),
    ],
)
def test_a_program_that_fails_is_one_line_without_a_path(image, code: str, says: str) -> None:
    with pytest.raises(ExtractionError, match=says) as raised:
        run_command(image, python(code), 60.0, "e1 T1")
    text = str(raised.value)
    assert text.startswith("e1 T1: ")
    assert "\n" not in text
    assert "cbvsynth-brain-" not in text


def test_the_folder_in_what_a_program_says_is_left_out(image) -> None:
    code = "import sys; sys.exit('cannot read ' + sys.argv[1])"
    with pytest.raises(ExtractionError, match=r"code 1: cannot read …/image.nii.gz\. "):
        run_command(image, python(code), 60.0, "e1 T1")


def test_a_program_that_hangs_is_stopped_with_what_it_started(image, tmp_path: Path) -> None:
    mark = tmp_path / "later"
    child = f"import time; time.sleep(4); open({str(mark)!r}, 'w')"
    code = (
        f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}]); time.sleep(60)"
    )
    started = time.monotonic()
    with pytest.raises(ExtractionError, match="found no brain in 2 s and was stopped"):
        run_command(image, python(code), 2.0, "e1 T1")
    assert time.monotonic() - started < 40
    time.sleep(4)
    assert not mark.exists()


def test_a_program_that_is_not_there_is_named(image) -> None:
    with pytest.raises(UsageError, match="names 'no-such-program', which is not there"):
        run_command(image, ["no-such-program", "{image}", "{mask}"], 5.0, "e1 T1")
