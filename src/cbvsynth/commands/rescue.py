"""`cbvsynth rescue`: maps of the examinations whose measured CBV is spoilt."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro

from cbvsynth.commands.predict import ServerOptions, open_models
from cbvsynth.domain.options import Layout, Register

_Group = tyro.conf.arg(name="")


def rescue(  # noqa: PLR0913  # each is a flag
    *,
    server: Annotated[ServerOptions, _Group] = ServerOptions(),  # noqa: B008  # frozen
    data: Path = Path("data"),
    layout: Layout = Layout.AUTO,
    artifacts: Path = Path("artifacts"),
    register: Register = Register.RIGID,
    out: Path = Path("artifacts/rescue"),
) -> None:
    """Make maps of the examinations that validate dropped for metal or failed CBV, and a page of them.

    Where ADC is spoilt, too, the best model without ADC makes the map. cbvsynth rescue --local

    Args:
        server: Who makes the maps; by default the best model that needs only what is sound.
        data: Data root of the study.
        layout: Folder layout of the study, as for validate.
        artifacts: Folder of the run's results; decisions of validate are read.
        register: What happens to raw images, as for predict.
        out: Folder for the maps, their records and rescue.html.
    """
    from cbvsynth.client.rescue import rescue_examination, spoilt_examinations
    from cbvsynth.domain.wording import counted
    from cbvsynth.errors import DataError, ResultError
    from cbvsynth.pages.rescue_page import PAGE, write_rescue_page
    from cbvsynth.progress import progress_bar
    from cbvsynth.records.decisions import read_decisions
    from cbvsynth.study.manifest import load_manifest

    decisions = read_decisions(artifacts / "validate" / "examinations.csv")
    spoilt = spoilt_examinations(load_manifest(data, layout).examinations, decisions)
    if not spoilt:
        print("validate dropped no examination for metal or failed CBV alone; there is nothing to rescue")
        return
    out.mkdir(parents=True, exist_ok=True)
    found, without = [], []
    with open_models(server) as models:
        for examination, reasons in progress_bar(spoilt, desc="rescue", unit="examination"):
            try:
                found.append(
                    rescue_examination(data, examination, reasons, models, folder=out, register=register)
                )
            except DataError as error:
                without.append((examination.exam_id, str(error)))
    if not found:
        raise ResultError(
            f"None of {counted(len(spoilt), 'examination')} got a map; the first: {without[0][1]}"
        )
    write_rescue_page(out / PAGE, found, without)
    for one in found:
        print(f"{one.exam_id}: {one.chosen}")
    for exam_id, why in without:
        print(f"{exam_id}: no map; {why}")
    print(f"report: {out / PAGE}")
