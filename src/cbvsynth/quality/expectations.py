"""Great Expectations, in memory: a table and its expectations in, what failed out.

The only module that knows Great Expectations. The context is ephemeral, so that nothing is written
into the working folder; Data Docs are written to a folder of their own, as they hold time stamps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from cbvsynth.errors import QualityError
from cbvsynth.quality.checks import Group, RangeCheck, Severity

INDEX_COLUMN = "exam_id"
"""Column of every table that leads from a failed value back to its examination."""


@dataclass(frozen=True)
class Failure:
    """One value that did not meet an expectation; a whole column where `exam_id` is empty."""

    check: str
    group: Group | None
    severity: Severity
    exam_id: str
    value: Any
    text: str
    """The expectation's reason, or its description."""


class Checker:
    """Runs suites in one ephemeral context and collects them in one set of Data Docs."""

    def __init__(self, data_docs: Path) -> None:
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

        self._gx = gx
        self._context = gx.get_context(mode="ephemeral")
        self._context.variables.progress_bars = ProgressBarsConfig(globally=False)
        self._context.update_data_docs_site("local_site", _site(data_docs))
        self._source = self._context.data_sources.add_pandas("study")

    def run(self, name: str, table: pd.DataFrame, expectations: Iterable[Any]) -> tuple[Failure, ...]:
        """Validate a table; failures in the order of expectations, then of rows.

        Raises:
            QualityError: an expectation could not be computed at all.
        """
        from great_expectations.checkpoint import UpdateDataDocsAction

        batch = self._source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("all")
        suite = self._context.suites.add(
            self._gx.ExpectationSuite(name=name, expectations=list(expectations))
        )
        definition = self._context.validation_definitions.add(
            self._gx.ValidationDefinition(name=name, data=batch, suite=suite)
        )
        checkpoint = self._context.checkpoints.add(
            self._gx.Checkpoint(
                name=name,
                validation_definitions=[definition],
                actions=[UpdateDataDocsAction(name="data_docs")],
                result_format={
                    "result_format": "COMPLETE",
                    "unexpected_index_column_names": [INDEX_COLUMN],
                    "include_unexpected_rows": False,
                },
            )
        )
        (result,) = checkpoint.run(batch_parameters={"dataframe": table}).run_results.values()
        return tuple(failure for single in result.results for failure in _failures(single))


def range_expectation(check: RangeCheck) -> Any:  # noqa: ANN401  # Great Expectations is not typed
    """The expectation of a range check; examinations for which nothing was measured are passed over."""
    import great_expectations.expectations as gxe

    return gxe.ExpectColumnValuesToBeBetween(
        column=check.column,
        min_value=check.minimum,
        max_value=check.maximum,
        strict_min=check.strict,
        strict_max=check.strict,
        **labels(check.column, f"{check.title}: {check.interval}", Severity.DROP, check.group),
    )


def labels(check: str, description: str, severity: Severity, group: Group | None = None) -> dict[str, Any]:
    """What every expectation carries: its check's name, words for people, severity and heading."""
    return {
        "description": description,
        "severity": "warning" if severity is Severity.WARN else "critical",
        "meta": {"check": check, "severity": severity.value, "group": group.value if group else ""},
    }


def _failures(result: Any) -> Iterable[Failure]:  # noqa: ANN401  # Great Expectations is not typed
    config = result.expectation_config
    meta: Mapping[str, str] = config.meta
    problem = _exception(result.exception_info)
    if problem:
        raise QualityError(
            f"The check '{meta['check']}' could not be computed ({problem}); expected a table with column "
            f"'{config.kwargs.get('column', '?')}'. This is a defect of cbvsynth, please report it."
        )
    if result.success:
        return
    group = Group(meta["group"]) if meta["group"] else None
    severity, text = Severity(meta["severity"]), str(config.description)
    rows = result.result.get("unexpected_index_list")
    if rows is None:
        yield Failure(meta["check"], group, severity, "", result.result.get("observed_value"), text)
        return
    for row in rows:
        value = next((value for name, value in row.items() if name != INDEX_COLUMN), None)
        yield Failure(meta["check"], group, severity, str(row[INDEX_COLUMN]), value, text)


def _exception(info: Mapping[str, Any]) -> str:
    """The message of what went wrong inside an expectation; empty when nothing did."""
    if "raised_exception" in info:
        return str(info["exception_message"]) if info["raised_exception"] else ""
    messages = [_exception(inner) for inner in info.values() if isinstance(inner, Mapping)]
    return next((message for message in messages if message), "")


def _site(folder: Path) -> dict[str, object]:
    return {
        "class_name": "SiteBuilder",
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": {
            "class_name": "TupleFilesystemStoreBackend",
            "base_directory": str(folder.absolute()),
        },
    }
