"""Placing a task where its profile says: hardware, volumes, user, environment."""

from __future__ import annotations

from kfp import dsl, kubernetes

from cbvsynth.kubeflow.arguments import DATA_MOUNT, WORKSPACE_MOUNT
from cbvsynth.kubeflow.definition.profiles import USER_ID, Profile, Resources, Volume
from cbvsynth.study.pseudonyms import KEY_VARIABLE

QUEUE_LABEL = "kueue.x-k8s.io/queue-name"
"""What Kueue asks a pod for."""


def place_light(task: dsl.PipelineTask, profile: Profile, name: str) -> None:
    """Place a task that needs no TensorFlow; `name` is what people read in the graph."""
    _place(task, profile, profile.light, name)


def place_train(task: dsl.PipelineTask, profile: Profile, name: str) -> None:
    """Place a training: GPUs, nodes and shared memory."""
    _place(task, profile, profile.train, name)
    if profile.accelerator:
        task.set_accelerator_type(profile.accelerator).set_accelerator_limit(profile.accelerators)
    if profile.queue:
        kubernetes.add_pod_label(task, QUEUE_LABEL, profile.queue)
    for key, value in profile.node_selector:
        kubernetes.add_node_selector(task, key, value)
    for taint in profile.tolerations:
        kubernetes.add_toleration(task, key=taint.key, operator=taint.operator, effect=taint.effect)
    if profile.shared_memory:
        kubernetes.empty_dir_mount(
            task,
            volume_name="shared-memory",
            mount_path="/dev/shm",  # noqa: S108  the system's name for it
            medium="Memory",
            size_limit=profile.shared_memory,
        )


def allow_retry(task: dsl.PipelineTask, profile: Profile) -> None:
    """Try a task once more, for a node that went away. Not in the loop, where it is not obeyed (#12389)."""
    if not profile.is_local:
        task.set_retry(num_retries=1, backoff_duration="60s")


def tell_mounts(task: dsl.PipelineTask, profile: Profile) -> None:
    """Tell a task where volumes are mounted: any other folder would go with its pod."""
    for name, volume in ((DATA_MOUNT, profile.data), (WORKSPACE_MOUNT, profile.workspace)):
        if volume is not None:
            task.set_env_variable(name, volume.mount)


def _place(task: dsl.PipelineTask, profile: Profile, resources: Resources, name: str) -> None:
    task.set_display_name(name)
    # The workspace remembers finished work by its content (cbvsynth.kubeflow.tasks.workspace); Kubeflow's
    # cache would not notice a changed study, and would remember a failure.
    task.set_caching_options(enable_caching=False)
    # Every update of a progress bar is a line of the log: one each half minute is enough.
    task.set_env_variable("TQDM_MININTERVAL", "30")
    if profile.is_local:
        return
    task.set_cpu_request(resources.cpu).set_cpu_limit(resources.cpu_limit or resources.cpu)
    task.set_memory_request(resources.memory).set_memory_limit(resources.memory_limit or resources.memory)
    kubernetes.set_timeout(task, resources.timeout_s)
    kubernetes.set_image_pull_policy(task, "IfNotPresent")
    kubernetes.set_security_context(task, run_as_user=USER_ID, run_as_group=USER_ID, run_as_non_root=True)
    kubernetes.empty_dir_mount(task, volume_name="scratch", mount_path="/tmp")  # noqa: S108
    _mount(task, profile.workspace)


def allow_study(task: dsl.PipelineTask, profile: Profile) -> None:
    """Give a task the raw images and the key that turns patient names into pseudonyms; others get neither."""
    _mount(task, profile.data)
    if profile.pseudonym_secret:
        kubernetes.use_secret_as_env(
            task,
            secret_name=profile.pseudonym_secret,
            secret_key_to_env={"key": KEY_VARIABLE},
            optional=True,
        )


def allow_registry(task: dsl.PipelineTask, profile: Profile) -> None:
    """Tell a task where MLflow is. Trainings join the run that Kubeflow may have opened for them instead."""
    if profile.tracking_config_map:
        kubernetes.use_config_map_as_env(
            task,
            config_map_name=profile.tracking_config_map,
            # Not MLflow's own variable, which Kubeflow's MLflow plugin sets: with both, the entry has a value
            # and a reference, and Kubernetes refuses the pod.
            config_map_key_to_env={"MLFLOW_TRACKING_URI": "CBVSYNTH_TRACKING_URI"},
            optional=True,
        )


def _mount(task: dsl.PipelineTask, volume: Volume | None) -> None:
    if volume is not None:
        kubernetes.mount_pvc(task, pvc_name=volume.claim, mount_path=volume.mount)
