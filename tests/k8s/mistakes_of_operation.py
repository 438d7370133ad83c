"""Seeded mistakes: availability, resources, command lines, monitoring."""

from __future__ import annotations

from tests.k8s.mistakes import Mistake, alert, argument, container, drop, get, pod, put, swap

MISTAKES = [
    # availability
    Mistake(
        "a budget blocks every drain",
        "availability",
        "blocks every drain",
        lambda o: put(
            get(o, "PodDisruptionBudget", "mlflow"),
            spec={"minAvailable": 1, "selector": {"matchLabels": {"app.kubernetes.io/name": "mlflow"}}},
        ),
    ),
    Mistake(
        "a budget allows nothing",
        "availability",
        "allows no disruption",
        lambda o: put(get(o, "PodDisruptionBudget", "serving")["spec"], maxUnavailable=0),
    ),
    Mistake(
        "replicas under an autoscaler",
        "availability",
        "would reset",
        lambda o: put(get(o, "Deployment", "serving")["spec"], replicas=2),
    ),
    Mistake(
        "a server ends at once",
        "availability",
        "no preStop sleep",
        lambda o: container(o, "server").pop("lifecycle"),
    ),
    Mistake(
        "a server is killed in its sleep",
        "availability",
        "is killed after",
        lambda o: put(pod(o), terminationGracePeriodSeconds=20),
    ),
    Mistake(
        "an update takes the last pod",
        "availability",
        "before a new one is ready",
        lambda o: put(get(o, "Deployment", "mlflow")["spec"]["strategy"]["rollingUpdate"], maxUnavailable=1),
    ),
    Mistake(
        "an update waits for a GPU that is not there",
        "availability",
        "spare GPU",
        lambda o: put(get(o, "Deployment", "serving")["spec"]["strategy"]["rollingUpdate"], maxSurge=1),
        "gpu-production",
    ),
    Mistake(
        "a spread that one node cannot keep",
        "availability",
        "must be soft",
        lambda o: put(pod(o)["topologySpreadConstraints"][1], whenUnsatisfiable="DoNotSchedule"),
    ),
    Mistake(
        "shared data on a disk of one node",
        "availability",
        "not ReadWriteMany",
        lambda o: put(
            get(o, "PersistentVolumeClaim", "cbvsynth-workspace")["spec"], accessModes=["ReadWriteOnce"]
        ),
    ),
    Mistake(
        "fewest above most",
        "availability",
        "above maxReplicas",
        lambda o: put(get(o, "HorizontalPodAutoscaler", "serving")["spec"], minReplicas=9),
    ),
    Mistake(
        "one server in production",
        "availability",
        "expected 2 or more",
        lambda o: put(get(o, "HorizontalPodAutoscaler", "serving")["spec"], minReplicas=1),
        "gpu-production",
    ),
    # quantities
    Mistake(
        "a quantity that is none",
        "quantities",
        "is not a quantity",
        lambda o: put(container(o, "server")["resources"]["limits"], memory="4GB"),
    ),
    Mistake(
        "memory without a unit",
        "quantities",
        "is the unit missing",
        lambda o: put(container(o, "server")["resources"]["requests"], memory="2048"),
    ),
    Mistake(
        "a request above its limit",
        "quantities",
        "above its limit",
        lambda o: put(container(o, "server")["resources"]["requests"], memory="8Gi"),
    ),
    Mistake(
        "no limit of memory",
        "quantities",
        "has no memory limit",
        lambda o: put(container(o, "mlflow")["resources"], limits={}),
    ),
    Mistake(
        "no requests",
        "quantities",
        "requests no cpu",
        lambda o: put(container(o, "sync")["resources"], requests={"memory": "384Mi"}),
    ),
    Mistake(
        "half a GPU",
        "quantities",
        "same whole number",
        lambda o: [
            put(side, **{"nvidia.com/gpu": "500m"}) for side in container(o, "server")["resources"].values()
        ],
        "gpu-production",
    ),
    Mistake(
        "a GPU without its toleration",
        "quantities",
        "does not tolerate",
        lambda o: pod(o).pop("tolerations"),
        "gpu-production",
    ),
    Mistake(
        "scratch that may fill a node",
        "quantities",
        "set sizeLimit",
        lambda o: put(pod(o)["volumes"][0], emptyDir={}),
    ),
    Mistake(
        "a quota without a LimitRange",
        "quantities",
        "without a LimitRange",
        lambda o: drop(o, "LimitRange", "cbvsynth-runs"),
    ),
    # flags
    Mistake(
        "a flag is misspelt",
        "flags",
        "--model_config_files",
        lambda o: argument(o, "server", "--model_config_file", "--model_config_files=/models/models.config"),
    ),
    Mistake(
        "batching, which would change maps",
        "flags",
        "would change answers",
        lambda o: container(o, "server")["args"].append("--enable_batching=true"),
    ),
    Mistake(
        "a flag of the embedded server alone",
        "flags",
        "has no --host",
        lambda o: container(o, "server")["args"].append("--host=0.0.0.0"),
    ),
    Mistake(
        "the server reads another folder",
        "flags",
        "sync writes to /models",
        lambda o: argument(
            o, "server", "--model_config_file", "--model_config_file=/etc/cbvsynth/models.config"
        ),
    ),
    Mistake(
        "the server listens where nobody asks",
        "flags",
        "sync asks localhost:8500",
        lambda o: argument(o, "server", "--port", "--port=9000"),
    ),
    Mistake(
        "the server never looks again",
        "flags",
        "never see a new champion",
        lambda o: argument(o, "server", "--model_config_file_poll_wait_seconds", None),
    ),
    Mistake(
        "sync ends after one round",
        "flags",
        "expected --watch",
        lambda o: argument(o, "sync", "--watch", "--once"),
    ),
    Mistake("sync's mode is none", "flags", "mode", lambda o: argument(o, "sync", "--mode", "--mode=best")),
    Mistake(
        "sync is told its folder twice",
        "flags",
        "--base_path is given 2 times",
        lambda o: container(o, "sync")["args"].append("--base_path=/elsewhere"),
    ),
    Mistake(
        "sync does not ask the server",
        "flags",
        "expected --server",
        lambda o: argument(o, "sync", "--server", None),
    ),
    Mistake(
        "MLflow does not know a flag",
        "flags",
        "No such option",
        lambda o: container(o, "mlflow")["args"].append("--artifact-destination=s3://x"),
    ),
    Mistake(
        "MLflow's hosts lack the port",
        "flags",
        "answers 403 under mlflow:5000",
        lambda o: argument(o, "mlflow", "--allowed-hosts", "--allowed-hosts=mlflow,mlflow.cbvsynth.svc"),
    ),
    Mistake(
        "MLflow answers to every host",
        "flags",
        "answers to the pattern",
        lambda o: argument(o, "mlflow", "--allowed-hosts", "--allowed-hosts=*"),
    ),
    Mistake(
        "trainers would need keys",
        "flags",
        "a key of its own",
        lambda o: argument(o, "mlflow", "--serve-artifacts", "--no-serve-artifacts"),
    ),
    # monitoring
    Mistake(
        "an alert on a metric that nobody has",
        "monitoring",
        "there is no metric",
        lambda o: swap(alert(o, "CbvsynthErrors"), "expr", "request_count", "requests_total"),
    ),
    Mistake(
        "an alert on a label that is not there",
        "monitoring",
        "has no label code",
        lambda o: swap(alert(o, "CbvsynthErrors"), "expr", "status=~", "code=~"),
    ),
    Mistake(
        "a bracket too few",
        "monitoring",
        "brackets",
        lambda o: swap(alert(o, "CbvsynthSlow"), "expr", ")))", "))"),
    ),
    Mistake(
        "grouped by a label that is not there",
        "monitoring",
        "grouped by model",
        lambda o: swap(alert(o, "CbvsynthSlow"), "expr", "by (le)", "by (le, model)"),
    ),
    Mistake(
        "an alert on a Deployment that is not there",
        "monitoring",
        "no deployment tracking",
        lambda o: swap(alert(o, "CbvsynthRegistryDown"), "expr", '"mlflow"', '"tracking"'),
    ),
    Mistake(
        "a metric of every namespace",
        "monitoring",
        "taken from every namespace",
        lambda o: swap(alert(o, "CbvsynthSyncStale"), "expr", 'namespace="cbvsynth"', ""),
    ),
    Mistake(
        "a scraped port has another name",
        "monitoring",
        "has no port metrics",
        lambda o: put(get(o, "PodMonitor", "serving")["spec"]["podMetricsEndpoints"][1], port="metrics"),
    ),
    Mistake(
        "Prometheus is not let in",
        "monitoring",
        "does not let Prometheus in",
        lambda o: drop(o, "NetworkPolicy", "serving-scrape"),
    ),
    Mistake(
        "the scraped page is elsewhere",
        "monitoring",
        "where the server shows nothing",
        lambda o: put(get(o, "PodMonitor", "serving")["spec"]["podMetricsEndpoints"][0], path="/metrics"),
    ),
]
