"""Where a pipeline runs: images, hardware, volumes and limits, chosen when it is compiled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from cbvsynth.errors import UsageError
from cbvsynth.kubeflow.definition.image import LIGHT_IMAGE, TRAIN_IMAGE

USER_ID = 10001
"""User and group that the images run as."""


@dataclass(frozen=True)
class Resources:
    """What one task asks of a node. It may use no more, unless limits of its own say so."""

    cpu: str
    memory: str
    timeout_s: int
    """After this many seconds the task is stopped; in a new run, a training resumes from its checkpoint."""
    cpu_limit: str = ""
    """Most processors, where that is more than is asked for; they are shared with whoever else is there."""
    memory_limit: str = ""
    """Most memory, likewise; a node that runs out of it ends the task."""


@dataclass(frozen=True)
class Toleration:
    """A taint of the nodes that a training may run on."""

    key: str
    operator: str = "Exists"
    effect: str = "NoSchedule"


@dataclass(frozen=True)
class Volume:
    """A persistent volume claim and where tasks see it."""

    claim: str
    mount: str


@dataclass(frozen=True)
class Profile:
    """One place to run. Without volumes, tasks see the disk of the machine that starts them."""

    name: str
    parallel_trainings: int
    """Trainings at the same time; fixed when compiling, because Kubeflow has no parameter for it."""
    light: Resources
    train: Resources
    light_image: str = LIGHT_IMAGE
    train_image: str = TRAIN_IMAGE
    accelerator: str = ""
    """Resource name of the GPUs, such as nvidia.com/gpu; empty for none."""
    accelerators: int = 0
    node_selector: tuple[tuple[str, str], ...] = ()
    tolerations: tuple[Toleration, ...] = ()
    data: Volume | None = None
    workspace: Volume | None = None
    shared_memory: str = ""
    """Size of /dev/shm for a training, such as 4Gi."""
    tracking_config_map: str = ""
    """ConfigMap with MLFLOW_TRACKING_URI; Kubeflow's own MLflow integration needs none."""
    pseudonym_secret: str = ""
    """Secret with the key that makes patient names pseudonyms; may be missing on the cluster."""
    queue: str = ""
    """Kueue's LocalQueue for trainings; empty where the cluster has no Kueue."""
    keep_finished_s: int = 7 * 24 * 3600
    """After this the workflow's pods are removed; artefacts and the workspace stay."""

    @property
    def is_local(self) -> bool:
        """Whether tasks are processes of this machine."""
        return self.workspace is None


CLUSTER_GPU = Profile(
    name="cluster-gpu",
    parallel_trainings=8,
    light=Resources(cpu="2", memory="8Gi", timeout_s=12 * 3600),
    train=Resources(cpu="4", memory="24Gi", timeout_s=48 * 3600),
    accelerator="nvidia.com/gpu",
    accelerators=1,
    tolerations=(Toleration("nvidia.com/gpu"),),
    data=Volume("cbvsynth-data", "/data"),
    workspace=Volume("cbvsynth-workspace", "/workspace"),
    shared_memory="4Gi",
    tracking_config_map="cbvsynth-mlflow",
    pseudonym_secret="cbvsynth-pseudonym-key",  # noqa: S106  the name of a secret
)
"""One GPU a training, eight trainings at a time."""

CLUSTER_CPU = replace(
    CLUSTER_GPU,
    name="cluster-cpu",
    parallel_trainings=4,
    train=Resources(cpu="8", memory="24Gi", timeout_s=7 * 24 * 3600),
    accelerator="",
    accelerators=0,
    tolerations=(),
)
"""For a cluster without GPUs, or to try the pipeline on a phantom."""

KIND = replace(
    CLUSTER_CPU,
    name="kind",
    parallel_trainings=1,
    light=Resources("50m", "256Mi", timeout_s=3600, cpu_limit="2", memory_limit="2Gi"),
    train=Resources("200m", "1Gi", timeout_s=24 * 3600, cpu_limit="2", memory_limit="3Gi"),
    shared_memory="",
)
"""For one small node, such as kind on a laptop: a task asks for little and may use what is free."""

LOCAL = Profile(
    name="local",
    # With two, the local runner's default, output gets mixed up and TensorFlow is in memory twice.
    parallel_trainings=1,
    light=Resources(cpu="1", memory="2Gi", timeout_s=3600),
    train=Resources(cpu="2", memory="8Gi", timeout_s=24 * 3600),
)
"""Processes of this machine, one after the other."""

PROFILES = {profile.name: profile for profile in (CLUSTER_GPU, CLUSTER_CPU, KIND, LOCAL)}


def find_profile(name: str) -> Profile:
    """A profile by its name, or of a site's own by its file.

    Raises:
        UsageError: there is none of that name, or the file says something that no profile has.
    """
    if name.endswith((".yaml", ".yml")):
        from cbvsynth.kubeflow.definition.site import read_profile

        return read_profile(Path(name), PROFILES)
    if name not in PROFILES:
        raise UsageError(
            f"'{name}' is not a profile; expected one of {', '.join(PROFILES)}, or a YAML file of your own."
        )
    return PROFILES[name]
