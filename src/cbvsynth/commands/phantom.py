"""`cbvsynth phantom`: fill an empty data folder with a synthetic study."""

from __future__ import annotations

from typing import Annotated

import tyro

from cbvsynth.config import PhantomConfig
from cbvsynth.domain.options import FileFormat
from cbvsynth.domain.wording import counted


def phantom(config: Annotated[PhantomConfig, tyro.conf.arg(name="")]) -> None:
    """Fill an empty data folder with a digital brain-tumour phantom study.

    A folder that already holds something is never written to; it only gets its receipt.
    """
    from cbvsynth.phantom.fill import fill
    from cbvsynth.phantom.plan import StudySettings, plan_study
    from cbvsynth.phantom.study import PLANTED_FAULTS
    from cbvsynth.records.origins import BY_PHANTOM
    from cbvsynth.study.switch import require_own_study

    require_own_study(config.data)
    was_empty = not config.data.is_dir() or not any(config.data.iterdir())
    receipt = fill(config)
    asked = StudySettings.of(config)
    if receipt.made_by != BY_PHANTOM or receipt.settings is None:
        print(
            f"{config.data} holds a study of yours, {counted(receipt.files, 'file')}; nothing was written "
            "there."
        )
    else:
        plan = plan_study(receipt.settings)
        patients = len({planned.patient for planned in plan})
        damaged = f"{receipt.settings.damaged} {'holds' if receipt.settings.damaged == 1 else 'hold'}"
        verb = "Made" if was_empty else "Kept"
        print(
            f"{verb} {counted(len(plan), 'synthetic examination')} of {counted(patients, 'patient')} "
            f"in {config.data}; {damaged} a planted fault, told by {config.data / PLANTED_FAULTS}."
        )
        if receipt.settings != asked:
            print(f"It was made with other settings than asked for; delete {config.data} to make it anew.")
    print(f"Receipt: {config.receipt}")
    if config.format is FileFormat.DICOM:
        print(f"Next:    cbvsynth manifest {config.data} --layout dicom")
    else:
        print(f"Next:    cbvsynth validate --data {config.data}")
