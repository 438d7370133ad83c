"""What the local runner prints, sorted for people."""

from __future__ import annotations

import io

from cbvsynth.kubeflow.runs.local_log import LocalLog

RAW = """\
03:30:37.957 - INFO - Executing task \x1b[96m'train'\x1b[0m
03:30:37.958 - INFO - Streamed logs:

    [KFP Executor 2026-11-25 03:30:38,077 INFO]: Got executor_input:
    {
        "inputs": {
        }
    }
    encdec-t1c: SSIM 87.97 %
      indented by the step
    error: no examination has ADC
    [KFP Executor 2026-11-25 03:30:38,133 INFO]: Wrote executor output file to x.

03:30:38.173 - INFO - Task \x1b[96m'train'\x1b[0m finished with status \x1b[91mFAILURE\x1b[0m
03:30:38.174 - INFO - Task \x1b[96m'train'\x1b[0m outputs:
    Output: ['encdec-t1c']
"""


def test_people_see_what_tasks_say_and_how_they_end_and_the_file_has_everything() -> None:
    file, screen = io.StringIO(), io.StringIO()
    log = LocalLog(file, screen)
    for start in range(0, len(RAW), 7):
        log.write(RAW[start : start + 7])
    log.flush()
    assert file.getvalue() == RAW
    assert screen.getvalue().splitlines() == [
        "train",
        "  encdec-t1c: SSIM 87.97 %",
        "    indented by the step",
        "  error: no examination has ADC",
        "train FAILED in 0 s",
        "",
    ]
