"""A run of a compiled package, with a Job for each of its tasks: Kubeflow's driver and launcher, in short.

Tasks go one after the other in the package's own order. What a task hands over goes through a claim of the
run's own, mounted where Kubeflow's launcher would have fetched artefacts to; no file of the steps is touched.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.kubectl import Kubectl, Manifest, as_text
from tests.cluster.node.ours.pods import ended
from tests.cluster.steps import job_of

STORE = "/minio"
"""Where Kubeflow's own classes expect an artefact whose address begins with minio://."""
CLAIM = "run-artefacts"
_GUARD = re.compile(r"(!\()?inputs\.parameter_values\['([^']+)'\] == true\)?")


@dataclass
class Handed:
    """What a task, or a group of tasks, has handed over."""

    parameters: dict[str, Any] = field(default_factory=dict)
    artifacts: dict[str, Manifest] = field(default_factory=dict)


@dataclass
class Run:
    """A run: its package, where its artefacts lie on this machine, and the pods that it has had."""

    kubectl: Kubectl
    package: Path
    artefacts: Path
    name: str
    pods: list[Manifest] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._spec, self._platform = yaml.safe_load_all(self.package.read_text(encoding="utf-8"))

    def start(self, given: Mapping[str, Any]) -> None:
        """Run every task; arguments are given as in `cbvsynth pipeline submit --set`, without their group.

        Raises:
            AssertionError: a task's pod has failed; the message is the end of its log.
        """
        root = self._spec["root"]
        known = root["inputDefinitions"]["parameters"]
        titles = {title.rpartition(": ")[2]: title for title in known}
        values = {title: one.get("defaultValue") for title, one in known.items()}
        values.update({titles[name]: value for name, value in given.items()})
        self._group(root["dag"], Handed(values))

    def _group(self, dag: Manifest, inputs: Handed) -> dict[str, Handed]:
        tasks, done = dag["tasks"], {}
        waits = {name: one.get("dependentTasks", []) for name, one in tasks.items()}
        for name in TopologicalSorter(waits).static_order():
            if self._is_wanted(tasks[name], given := _inputs(tasks[name], inputs, done)):
                done[name] = self._task(name, tasks[name], given)
        return done

    def _is_wanted(self, task: Manifest, given: Handed) -> bool:
        guard = task.get("triggerPolicy", {}).get("condition")
        if guard is None:
            return True
        found = _GUARD.fullmatch(guard)
        assert found, f"a condition that this driver does not know: {guard}"
        return bool(given.parameters[found[2]] is True) != bool(found[1])

    def _task(self, name: str, task: Manifest, given: Handed) -> Handed:
        component = self._spec["components"][task["componentRef"]["name"]]
        if "executorLabel" in component:
            return self._pod(name, component, given)
        if "parameterIterator" not in task:
            return _collected(component, [self._group(component["dag"], given)], many=False)
        loop, rounds = task["parameterIterator"], []
        for item in given.parameters[loop["items"]["inputParameter"]]:
            one = Handed({**given.parameters, loop["itemInput"]: item}, given.artifacts)
            rounds.append(self._group(component["dag"], one))
        return _collected(component, rounds, many=True)

    def _pod(self, name: str, component: Manifest, given: Handed) -> Handed:
        turn = len(self.pods)
        folder = f"{self.name}/{turn}-{name}"
        job = job_of(self._spec, self._platform, component["executorLabel"], "kubeflow")
        job["metadata"]["name"] = f"{self.name}-{turn}-{name}"
        pod = job["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        written = json.dumps(_executor_input(component, given, folder))
        container["args"] = [written if one == "{{$}}" else one for one in container["args"]]
        container["volumeMounts"].append({"name": CLAIM, "mountPath": STORE})
        pod["volumes"].append({"name": CLAIM, "persistentVolumeClaim": {"claimName": CLAIM}})
        self.kubectl.apply("--filename=-", given=as_text(job))
        self.pods.append(ended(self.kubectl, job["metadata"]["name"]))
        output = json.loads((self.artefacts / folder / "output.json").read_text())
        artifacts = {key: one["artifacts"][0] for key, one in output.get("artifacts", {}).items()}
        return Handed(output.get("parameterValues", {}), artifacts)


def _inputs(task: Manifest, around: Handed, done: Mapping[str, Handed]) -> Handed:
    given, asked = Handed(), task.get("inputs", {})
    for key, one in asked.get("parameters", {}).items():
        if "componentInputParameter" in one:
            given.parameters[key] = around.parameters[one["componentInputParameter"]]
        elif "taskOutputParameter" in one:
            made = one["taskOutputParameter"]
            given.parameters[key] = done[made["producerTask"]].parameters[made["outputParameterKey"]]
        else:
            given.parameters[key] = one["runtimeValue"]["constant"]
    for key, one in asked.get("artifacts", {}).items():
        if "componentInputArtifact" in one:
            given.artifacts[key] = around.artifacts[one["componentInputArtifact"]]
        else:
            made = one["taskOutputArtifact"]
            given.artifacts[key] = done[made["producerTask"]].artifacts[made["outputArtifactKey"]]
    return given


def _collected(component: Manifest, rounds: list[dict[str, Handed]], *, many: bool) -> Handed:
    found = Handed()
    for key, one in component["dag"].get("outputs", {}).get("parameters", {}).items():
        made = one["valueFromParameter"]
        values = [each[made["producerSubtask"]].parameters[made["outputParameterKey"]] for each in rounds]
        found.parameters[key] = values if many else values[0]
    return found


def _executor_input(component: Manifest, given: Handed, folder: str) -> Manifest:
    known = component["inputDefinitions"]
    values = {key: one.get("defaultValue") for key, one in known.get("parameters", {}).items()}
    values.update(given.parameters)
    for key, one in known.get("parameters", {}).items():
        if one["parameterType"] == "NUMBER_INTEGER":
            values[key] = int(values[key])
    made = component.get("outputDefinitions", {})
    return {
        "inputs": {
            "parameterValues": values,
            "artifacts": {key: {"artifacts": [one]} for key, one in given.artifacts.items()},
        },
        "outputs": {
            "parameters": {
                key: {"outputFile": f"{STORE}/{folder}/{key}"} for key in made.get("parameters", {})
            },
            "artifacts": dict(_outputs(made.get("artifacts", {}), folder)),
            "outputFile": f"{STORE}/{folder}/output.json",
        },
    }


def _outputs(made: Manifest, folder: str) -> Iterator[tuple[str, Manifest]]:
    for key, one in made.items():
        address = f"minio://{folder}/{key}"
        artifact = {"name": key, "type": one["artifactType"], "uri": address, "metadata": {}}
        yield key, {"artifacts": [artifact]}
