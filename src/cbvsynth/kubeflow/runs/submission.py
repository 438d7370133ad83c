"""Sending a package to a Kubeflow host: pipeline, version, run or schedule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cbvsynth import __version__
from cbvsynth.errors import PipelineError, UsageError
from cbvsynth.kubeflow.definition.pipeline import NAME
from cbvsynth.kubeflow.runs.host import Host, api_errors
from cbvsynth.kubeflow.runs.parameters import Value
from cbvsynth.records.storage import sha256_of

_VERSIONS_PER_PAGE = 100


@dataclass(frozen=True)
class Version:
    """A package as the host knows it; `uploaded` says whether it was uploaded just now."""

    pipeline_id: str
    version_id: str
    name: str
    uploaded: bool


def ensure_version(host: Host, package: Path) -> Version:
    """Make sure that the host has this very package, as a version that is named after its content.

    Raises:
        PipelineError: the host refused or was not reached.
    """
    name = f"{__version__}-{sha256_of(package)[:8]}"
    with api_errors(host.url):
        try:
            pipeline_id = host.client.get_pipeline_id(NAME)
        except ValueError as error:
            raise PipelineError(
                f"Kubeflow at {host.url} has several pipelines named '{NAME}'; expected one. Delete "
                "or rename the others in its UI."
            ) from error
        if pipeline_id is None:
            pipeline_id = _make_pipeline(host)
        known = _find_version(host, pipeline_id, name)
        if known:
            return Version(pipeline_id, known, name, uploaded=False)
        version = host.client.upload_pipeline_version(str(package), name, pipeline_id=pipeline_id)
    return Version(pipeline_id, version.pipeline_version_id, name, uploaded=True)


def start_run(  # noqa: PLR0913, PLR0917  what a run is made of
    host: Host,
    version: Version,
    experiment: str,
    title: str,
    arguments: Mapping[str, Value],
    service_account: str = "",
) -> str:
    """Start a run and return its id; without an account, the host gives it its own.

    Raises:
        PipelineError: the host refused or was not reached.
    """
    with api_errors(host.url):
        run = host.client.run_pipeline(
            experiment_id=_experiment_id(host, experiment),
            job_name=title,
            params=dict(arguments),
            pipeline_id=version.pipeline_id,
            version_id=version.version_id,
            service_account=service_account or None,
        )
    return str(run.run_id)


def start_schedule(  # noqa: PLR0913, PLR0917  what a schedule is made of
    host: Host,
    version: Version,
    experiment: str,
    title: str,
    arguments: Mapping[str, Value],
    cron: str,
    service_account: str = "",
) -> str:
    """Let the host start runs at the times of a cron expression, one at a time; return the schedule's id.

    Raises:
        UsageError: the expression does not have six fields.
        PipelineError: the host refused or was not reached.
    """
    require_cron(cron)
    with api_errors(host.url):
        recurring = host.client.create_recurring_run(
            experiment_id=_experiment_id(host, experiment),
            job_name=title,
            cron_expression=cron,
            max_concurrency=1,
            # After an outage one run brings everything up to date.
            no_catchup=True,
            params=dict(arguments),
            pipeline_id=version.pipeline_id,
            version_id=version.version_id,
            service_account=service_account or None,
        )
    return str(recurring.recurring_run_id)


def require_cron(cron: str) -> None:
    """Refuse an expression that Kubeflow would misread.

    Raises:
        UsageError: it does not have six fields.
    """
    if len(cron.split()) != 6:
        raise UsageError(
            f"The schedule is '{cron}'; expected six fields: second, minute, hour, day, month, weekday, as "
            "in '0 0 3 * * 1' for Mondays at three."
        )


def _make_pipeline(host: Host) -> str:
    """Make the pipeline without a version: an upload would make one that is called as the pipeline is."""
    from kfp_server_api import PipelineServiceApi, V2beta1Pipeline

    pipeline = V2beta1Pipeline(
        name=NAME,
        display_name=NAME,
        description="Synthetic CBV maps from standard brain-tumour MRI. For research only.",
        namespace=host.namespace or None,
    )
    api = PipelineServiceApi(host.client._pipelines_api.api_client)  # noqa: SLF001  the client has no other door
    return str(api.pipeline_service_create_pipeline(pipeline).pipeline_id)


def _experiment_id(host: Host, name: str) -> str:
    experiment = host.client.create_experiment(name, namespace=host.namespace or None)
    return str(experiment.experiment_id)


def _find_version(host: Host, pipeline_id: str, name: str) -> str:
    token = ""
    while True:
        page: Any = host.client.list_pipeline_versions(
            pipeline_id, page_token=token, page_size=_VERSIONS_PER_PAGE
        )
        for version in page.pipeline_versions or []:
            if version.display_name == name:
                return str(version.pipeline_version_id)
        token = page.next_page_token or ""
        if not token:
            return ""
