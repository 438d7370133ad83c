"""The regions that were measured, as a table to take away."""

from __future__ import annotations

import csv
import io
from typing import Any, cast

from cbvsynth.page.studies import Study
from cbvsynth.signature import RESEARCH_NOTE

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def regions_csv(study: Study) -> str:
    """CSV, a row a region; model, version and the research note stand in every row, as none goes alone."""
    record = cast("dict[str, Any]", study.result["record"])
    unit = str(study.result["unit"])
    columns = (
        "region",
        "voxels",
        "volume, mL",
        f"mean CBV, {unit}",
        f"95th percentile, {unit}",
        f"normal-appearing white matter, {unit}",
        "mean / white matter",
        "95th percentile / white matter",
        f"mirrored region, {unit}",
        "mean / mirrored region",
        f"measured mean, {unit}",
        f"measured 95th percentile, {unit}",
        f"synthetic minus measured, {unit}",
        f"interval from, {unit}",
        f"interval to, {unit}",
        f"threshold, {unit}",
        "at the threshold",
        "model",
        "version",
        "note",
    )
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(columns)
    for one in study.regions:
        # A spreadsheet takes such a name for a formula.
        name = f"'{one.name}" if one.name.startswith(_FORMULA) else one.name
        numbers = (
            one.volume_ml,
            one.mean,
            one.percentile_95,
            one.white_matter_mean,
            one.ratio_mean,
            one.ratio_95,
            one.mirrored_mean,
            one.ratio_mirrored,
            one.real_mean,
            one.real_95,
            one.difference_mean,
            one.interval_low,
            one.interval_high,
            one.threshold,
        )
        cells = ("" if number is None else f"{number:.4g}" for number in numbers)
        made_by = (record["Model"], record["ModelVersion"], RESEARCH_NOTE)
        writer.writerow([name, one.voxels, *cells, one.reading, *made_by])
    return target.getvalue()
