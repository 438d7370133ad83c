"""Seeded mistakes: pods' confinement, roles, the network, secrets, images."""

from __future__ import annotations

from tests.k8s.mistakes import Mistake, container, drop, get, pod, policy, put, role

PROXY = {"name": "PROXY", "value": "http://user:hunter2@proxy.example.org:3128"}

MISTAKES = [
    # pods
    Mistake(
        "the namespace enforces less",
        "pods",
        "expected restricted",
        lambda o: put(
            get(o, "Namespace", "cbvsynth")["metadata"]["labels"],
            **{"pod-security.kubernetes.io/enforce": "baseline"},
        ),
    ),
    Mistake(
        "a pod may run as root",
        "pods",
        "may run as root",
        lambda o: pod(o)["securityContext"].pop("runAsNonRoot"),
    ),
    Mistake(
        "a container runs as root",
        "pods",
        "runs as root",
        lambda o: put(container(o, "server")["securityContext"], runAsUser=0),
    ),
    Mistake(
        "no seccomp profile",
        "pods",
        "no seccomp profile",
        lambda o: pod(o)["securityContext"].pop("seccompProfile"),
    ),
    Mistake(
        "privileges may be gained",
        "pods",
        "may gain privileges",
        lambda o: container(o, "sync")["securityContext"].pop("allowPrivilegeEscalation"),
    ),
    Mistake(
        "capabilities are kept",
        "pods",
        "keeps capabilities",
        lambda o: container(o, "mlflow")["securityContext"].pop("capabilities"),
    ),
    Mistake(
        "a capability is added",
        "pods",
        "adds capabilities",
        lambda o: put(container(o, "mlflow")["securityContext"]["capabilities"], add=["SYS_ADMIN"]),
    ),
    Mistake(
        "a privileged container",
        "pods",
        "is privileged",
        lambda o: put(container(o, "dump")["securityContext"], privileged=True),
    ),
    Mistake(
        "a folder of the node",
        "pods",
        "restricted pods may not have",
        lambda o: put(pod(o)["volumes"][0], hostPath={"path": "/models"}),
    ),
    Mistake("the node's network", "pods", "has hostNetwork", lambda o: put(pod(o), hostNetwork=True)),
    Mistake(
        "a port of the node",
        "pods",
        "takes a port of its node",
        lambda o: put(container(o, "server")["ports"][0], hostPort=8500),
    ),
    Mistake(
        "an image that can be written to",
        "pods",
        "may write to its image",
        lambda o: put(container(o, "server")["securityContext"], readOnlyRootFilesystem=False),
    ),
    Mistake(
        "a server that can change its models",
        "pods",
        "may change the models",
        lambda o: container(o, "server")["volumeMounts"][0].pop("readOnly"),
    ),
    Mistake(
        "a token that nobody needs",
        "pods",
        "carries a token",
        lambda o: pod(o).pop("automountServiceAccountToken"),
    ),
    Mistake(
        "Services as variables",
        "pods",
        "enableServiceLinks",
        lambda o: pod(o, name="mlflow").pop("enableServiceLinks"),
    ),
    # access
    Mistake("a wildcard of verbs", "access", "wildcard in verbs", lambda o: put(role(o)[2], verbs=["*"])),
    Mistake(
        "a wildcard of resources",
        "access",
        "wildcard in resources",
        lambda o: put(role(o)[2], resources=["*"]),
    ),
    Mistake(
        "a way into pods", "access", "allows pods/exec", lambda o: role(o)[2]["resources"].append("pods/exec")
    ),
    Mistake("every Secret", "access", "allows all secrets", lambda o: role(o)[1].pop("resourceNames")),
    Mistake(
        "Secrets may be listed", "access", "expected get alone", lambda o: role(o)[1]["verbs"].append("list")
    ),
    Mistake("pods may be made", "access", "may change pods", lambda o: role(o)[2]["verbs"].append("create")),
    Mistake(
        "rights may be passed on",
        "access",
        "allows the verb bind",
        lambda o: role(o)[2]["verbs"].append("bind"),
    ),
    Mistake(
        "a role for the whole cluster",
        "access",
        "whole cluster",
        lambda o: put(get(o, "Role", "cbvsynth-runner"), kind="ClusterRole"),
    ),
    Mistake(
        "a ClusterRole is lent",
        "access",
        "grants a ClusterRole",
        lambda o: put(get(o, "RoleBinding", "cbvsynth-runner")["roleRef"], kind="ClusterRole"),
    ),
    Mistake(
        "everybody is bound",
        "access",
        "binds Group",
        lambda o: put(
            get(o, "RoleBinding", "cbvsynth-runner")["subjects"][0], kind="Group", name="system:authenticated"
        ),
    ),
    # network
    Mistake(
        "no default-deny",
        "network",
        "no policy that denies both ways",
        lambda o: drop(o, "NetworkPolicy", "default-deny"),
    ),
    Mistake(
        "default-deny of one way",
        "network",
        "no policy that denies both ways",
        lambda o: put(policy(o, "default-deny"), policyTypes=["Ingress"]),
    ),
    Mistake(
        "runs are not closed",
        "network",
        "a pod of a run has no policy that denies",
        lambda o: drop(o, "NetworkPolicy", "cbvsynth-runs-default-deny"),
    ),
    Mistake(
        "open to everybody",
        "network",
        "opens ingress for everybody",
        lambda o: put(policy(o, "serving-clients")["ingress"][0], **{"from": []}),
    ),
    Mistake(
        "every port",
        "network",
        "opens every port",
        lambda o: policy(o, "serving-clients")["ingress"][0].pop("ports"),
    ),
    Mistake(
        "a whole namespace",
        "network",
        "a whole namespace",
        lambda o: policy(o, "serving-clients")["ingress"][0]["from"][0].pop("podSelector"),
    ),
    Mistake(
        "a peer that is nobody",
        "network",
        "which is no pod of ours or of a known peer",
        lambda o: put(
            policy(o, "serving-registry")["egress"][0]["to"][0]["podSelector"]["matchLabels"],
            **{"app.kubernetes.io/name": "tracking"},
        ),
    ),
    Mistake(
        "a policy for no pod",
        "network",
        "selects no pod",
        lambda o: put(
            policy(o, "serving-clients")["podSelector"]["matchLabels"], **{"app.kubernetes.io/name": "server"}
        ),
    ),
    Mistake(
        "a port that the peer does not have",
        "network",
        "does not have",
        lambda o: put(policy(o, "serving-registry")["egress"][0]["ports"][0], port=80),
    ),
    Mistake(
        "the registry does not let sync in",
        "network",
        "no policy lets it into",
        lambda o: policy(o, "mlflow-clients")["ingress"][0]["from"].pop(0),
    ),
    Mistake(
        "runs may not ask the registry",
        "network",
        "no policy lets a pod of a run out",
        lambda o: policy(o, "cbvsynth-runs")["egress"].pop(1),
    ),
    Mistake(
        "the internet",
        "network",
        "which is not private",
        lambda o: put(policy(o, "stores-outside")["egress"][0]["to"][0]["ipBlock"], cidr="0.0.0.0/0"),
    ),
    Mistake(
        "a Service for the outside",
        "network",
        "to the outside",
        lambda o: put(get(o, "Service", "serving")["spec"], type="LoadBalancer"),
    ),
    Mistake(
        "the registry's address is wrong",
        "network",
        "there is no such Service",
        lambda o: put(
            get(o, "ConfigMap", "cbvsynth-mlflow")["data"],
            MLFLOW_TRACKING_URI="http://tracking.cbvsynth.svc:5000",
        ),
    ),
    Mistake(
        "the registry's port is wrong",
        "network",
        "has no such port",
        lambda o: put(
            get(o, "ConfigMap", "sync-environment")["data"], MLFLOW_TRACKING_URI="http://mlflow:80"
        ),
    ),
    # secrets
    Mistake(
        "a Secret is written down",
        "secrets",
        "expected an ExternalSecret",
        lambda o: o.append(
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x", "namespace": "cbvsynth"}}
        ),
    ),
    Mistake(
        "development's stores in staging",
        "secrets",
        "written down in staging",
        lambda o: put(
            get(o, "Namespace", "cbvsynth")["metadata"]["labels"], **{"cbvsynth.io/environment": "staging"}
        ),
        "kind",
    ),
    Mistake(
        "an unmarked Secret in development",
        "secrets",
        "not labelled",
        lambda o: get(o, "Secret", "postgres")["metadata"]["labels"].pop("cbvsynth.io/dev-only"),
        "kind",
    ),
    Mistake(
        "a password as a variable",
        "secrets",
        "in plain sight",
        lambda o: put(container(o, "mlflow")["env"][2], value="hunter2", valueFrom=None),
    ),
    Mistake(
        "a password in an address",
        "secrets",
        "address with a password",
        lambda o: container(o, "sync").setdefault("env", []).append(PROXY),
    ),
    Mistake(
        "a key in a ConfigMap",
        "secrets",
        "in plain sight",
        lambda o: put(get(o, "ConfigMap", "mlflow-environment")["data"], AWS_SECRET_ACCESS_KEY="hunter2"),
    ),
    Mistake(
        "a password in a flag",
        "secrets",
        "address with a password",
        lambda o: container(o, "mlflow")["args"].append(
            "--backend-store-uri=postgresql://mlflow:hunter2@db:5432/mlflow"
        ),
    ),
    # images
    Mistake(
        "an image without a tag",
        "images",
        "neither tag nor digest",
        lambda o: put(container(o, "sync"), image="registry.example.org/cbvsynth"),
    ),
    Mistake(
        "a tag that moves",
        "images",
        "may move to other content",
        lambda o: put(container(o, "server"), image="tensorflow/serving:latest"),
    ),
    Mistake(
        "a tag in production",
        "images",
        "not named by its digest",
        lambda o: put(container(o, "sync"), image="registry.example.org/cbvsynth:0.2.0"),
        "gpu-production",
    ),
    Mistake(
        "an image that is only on a laptop's node",
        "images",
        "cbvsynth:0.2.0 has no registry",
        lambda o: put(container(o, "sync"), image="cbvsynth:0.2.0"),
    ),
    Mistake(
        "an image of a custom resource that is only on a laptop's node",
        "images",
        "ServingRuntime cbvsynth/x: cbvsynth-train:0.2.0 has no registry",
        lambda o: o.append(
            {
                "kind": "ServingRuntime",
                "metadata": {"name": "x", "namespace": "cbvsynth"},
                "spec": {"containers": [{"name": "server", "image": "cbvsynth-train:0.2.0"}]},
            }
        ),
    ),
    Mistake(
        "a digest too short",
        "images",
        "is not the name of an image",
        lambda o: put(container(o, "sync"), image="registry.example.org/cbvsynth@sha256:abc"),
        "gpu-production",
    ),
    Mistake(
        "pulled at every start",
        "images",
        "does not start without its registry",
        lambda o: put(container(o, "sync"), imagePullPolicy="Always"),
    ),
]
