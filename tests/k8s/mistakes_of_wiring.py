"""Seeded mistakes: schemas, names, selectors, probes."""

from __future__ import annotations

from tests.k8s.mistakes import Mistake, alert, argument, container, drop, get, pod, put

MISTAKES = [
    # schemas
    Mistake(
        "a field is misspelt",
        "schemas",
        "terminationGracePeriod",
        lambda o: put(pod(o), terminationGracePeriod=9),
    ),
    Mistake(
        "a number is a text",
        "schemas",
        "replicas",
        lambda o: put(get(o, "Deployment", "mlflow")["spec"], replicas="2"),
    ),
    Mistake(
        "an API version is gone",
        "schemas",
        "does not know",
        lambda o: put(get(o, "HorizontalPodAutoscaler", "serving"), apiVersion="autoscaling/v2beta2"),
    ),
    Mistake(
        "an unlisted custom resource",
        "schemas",
        "does not know",
        lambda o: put(get(o, "PodMonitor", "serving"), kind="PodMonitors"),
    ),
    Mistake(
        "a PodMonitor's field is a ServiceMonitor's",
        "schemas",
        "endpoints",
        lambda o: put(get(o, "PodMonitor", "serving")["spec"], endpoints=[]),
    ),
    Mistake(
        "an alert without a runbook",
        "schemas",
        "runbook",
        lambda o: alert(o, "CbvsynthSlow")["annotations"].pop("runbook"),
    ),
    Mistake(
        "an ExternalSecret's store has no name",
        "schemas",
        "name",
        lambda o: get(o, "ExternalSecret", "mlflow-stores")["spec"]["secretStoreRef"].pop("name"),
    ),
    # references
    Mistake(
        "a ServiceAccount is forgotten",
        "references",
        "ServiceAccount serving, which does not exist",
        lambda o: drop(o, "ServiceAccount", "serving"),
    ),
    Mistake(
        "a pod runs as the default account",
        "references",
        "default ServiceAccount",
        lambda o: pod(o).pop("serviceAccountName"),
    ),
    Mistake(
        "a ConfigMap has another name",
        "references",
        "does not exist",
        lambda o: put(container(o, "sync")["envFrom"][0]["configMapRef"], name="sync-env"),
    ),
    Mistake(
        "a Secret's key is misspelt",
        "references",
        "has no key",
        lambda o: put(container(o, "mlflow")["env"][0]["valueFrom"]["secretKeyRef"], key="BACKEND_STORE_URI"),
    ),
    Mistake(
        "a Secret comes from nowhere",
        "references",
        "Secret mlflow-stores does not exist",
        lambda o: drop(o, "ExternalSecret", "mlflow-stores"),
    ),
    Mistake(
        "a mount names no volume",
        "references",
        "which is not a volume",
        lambda o: put(container(o, "server")["volumeMounts"][0], name="model"),
    ),
    Mistake(
        "a volume is mounted nowhere",
        "references",
        "mounted nowhere",
        lambda o: pod(o)["volumes"].append({"name": "cache", "emptyDir": {"sizeLimit": "1Gi"}}),
    ),
    Mistake(
        "a claim is forgotten",
        "references",
        "PersistentVolumeClaim registry-backup",
        lambda o: drop(o, "PersistentVolumeClaim", "registry-backup"),
    ),
    Mistake(
        "a RoleBinding names another Role",
        "references",
        "Role runner, which does not exist",
        lambda o: put(get(o, "RoleBinding", "cbvsynth-runner")["roleRef"], name="runner"),
    ),
    Mistake(
        "an object in the default namespace",
        "references",
        "expected cbvsynth or kubeflow",
        lambda o: put(get(o, "Service", "mlflow")["metadata"], namespace="default"),
    ),
    Mistake(
        "two containers take one port",
        "references",
        "taken by two containers",
        lambda o: put(container(o, "sync")["ports"][0], containerPort=8501),
    ),
    # selectors
    Mistake(
        "a Deployment does not select its pods",
        "selectors",
        "does not select its own",
        lambda o: put(
            get(o, "Deployment", "serving")["spec"]["selector"]["matchLabels"],
            **{"app.kubernetes.io/name": "server"},
        ),
    ),
    Mistake(
        "a Service selects nothing",
        "selectors",
        "selects no pod",
        lambda o: put(
            get(o, "Service", "mlflow")["spec"]["selector"], **{"app.kubernetes.io/name": "tracking"}
        ),
    ),
    Mistake(
        "a Service's port is not the pod's",
        "selectors",
        "has no port web",
        lambda o: put(get(o, "Service", "mlflow")["spec"]["ports"][0], targetPort="web"),
    ),
    Mistake(
        "a budget selects nothing",
        "selectors",
        "selects no pod",
        lambda o: put(
            get(o, "PodDisruptionBudget", "serving")["spec"]["selector"]["matchLabels"],
            **{"app.kubernetes.io/name": "server"},
        ),
    ),
    Mistake(
        "an autoscaler's target has another name",
        "selectors",
        "which does not exist",
        lambda o: put(get(o, "HorizontalPodAutoscaler", "serving")["spec"]["scaleTargetRef"], name="server"),
    ),
    Mistake(
        "an autoscaler measures no container",
        "selectors",
        "measures container tf",
        lambda o: put(
            get(o, "HorizontalPodAutoscaler", "serving")["spec"]["metrics"][0]["containerResource"],
            container="tf",
        ),
    ),
    Mistake(
        "a spread counts other pods",
        "selectors",
        "spreads over",
        lambda o: put(
            pod(o)["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"],
            **{"app.kubernetes.io/name": "x"},
        ),
    ),
    # probes
    Mistake(
        "a probe asks a port that is not there",
        "probes",
        "asks port http",
        lambda o: put(container(o, "server")["readinessProbe"]["httpGet"], port="http"),
    ),
    Mistake(
        "readiness does not ask for the champion",
        "probes",
        "expected /v1/models/cbvsynth/labels",
        lambda o: put(container(o, "server")["readinessProbe"]["httpGet"], path="/v1/models/cbvsynth"),
    ),
    Mistake(
        "liveness asks for a model",
        "probes",
        "does not bring it back",
        lambda o: put(
            container(o, "server"), livenessProbe={"httpGet": {"path": "/v1/models/cbvsynth", "port": "rest"}}
        ),
    ),
    Mistake(
        "a server without a startup probe",
        "probes",
        "has no startupProbe",
        lambda o: container(o, "mlflow").pop("startupProbe"),
    ),
    Mistake(
        "the server does not wait for the first sync",
        "probes",
        "would not wait for it",
        lambda o: container(o, "sync").pop("startupProbe"),
    ),
    Mistake(
        "sync is no sidecar",
        "probes",
        "so the server never starts",
        lambda o: container(o, "sync").pop("restartPolicy"),
    ),
    Mistake(
        "gRPC health is asked for and not offered",
        "probes",
        "without --enable_grpc_healthcheck_service",
        lambda o: argument(o, "server", "--enable_grpc_healthcheck_service", None),
    ),
]
