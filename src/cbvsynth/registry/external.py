"""External sets in the registry: a run with what was found, and a tag of the version that tells it."""

from __future__ import annotations

from pathlib import Path

from cbvsynth.errors import RegistryError
from cbvsynth.records.external import ExternalResult
from cbvsynth.registry.store import Registry
from cbvsynth.registry.versions import EXTERNAL_TAG, ModelVersion

_ARTIFACTS = "external"


def record_external(
    registry: Registry, version: ModelVersion, result: ExternalResult, means: dict[str, float], folder: Path
) -> str:
    """Log a run of its own, and tag the version; a site that was scored before gets its new result.

    Args:
        registry: where the version is.
        version: what was scored.
        result: what was found.
        means: metrics by name; finite.
        folder: its files are stored with the run: the page, the tables and the record.

    Returns:
        Id of the run.

    Raises:
        RegistryError: the registry does not answer or does not let this user write.
    """
    from mlflow.entities import Metric
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    client = registry.client
    try:
        run = client.create_run(
            registry.experiment_id,
            run_name=f"external {result.site}",
            tags={
                "external_site": result.site,
                "registered_name": result.registered_name,
                "version": str(result.version),
                "model": result.model,
                "scored_model_digest": result.saved_model_digest,
                "scored_data": result.data_fingerprint,
                "passes": "yes" if result.passes else "no",
                "failed": ", ".join(result.failed),
            },
        )
        run_id, moment_ms = str(run.info.run_id), int(run.info.start_time)
        client.log_batch(run_id, metrics=[Metric(name, value, moment_ms, 0) for name, value in means.items()])
        for path in sorted(folder.iterdir()):
            if path.is_file():
                client.log_artifact(run_id, str(path), _ARTIFACTS)
        client.set_terminated(run_id)
        client.set_model_version_tag(
            registry.registered_name,
            str(version.version),
            f"{EXTERNAL_TAG}{result.site}",
            f"{'passes' if result.passes else 'fails'}; {result.scored} examinations of {result.patients} "
            f"patients; run {run_id}",
        )
    except (MlflowException, SQLAlchemyError) as error:
        raise RegistryError(
            f"The result on {result.site} could not be entered at {registry.address} "
            f"({registry.readable(error)}); the page is written. Let this user write there, or score with "
            "--entry off."
        ) from error
    return run_id
