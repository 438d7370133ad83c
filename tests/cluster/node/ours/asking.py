"""A client in a pod that asks the champion for maps, once or without a pause."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster.kubectl import Kubectl, eventually
from tests.cluster.node.ours.pods import CLIENTS

SERVER = "dns:///serving-pods.cbvsynth:8500"
"""As k8s/README.md says."""
_ASK = (
    f"cbvsynth predict --server {SERVER} --label stable --t1c /tmp/t1c.nii --mask /tmp/mask.nii"
    " --out /tmp/cbv.nii.gz --overwrite on --timeout_s {timeout_s}"
)
"""Of the champion: the best version is asked for otherwise."""
_WITHOUT_A_PAUSE = f"""
import hashlib, os, time
from cbvsynth.client import CbvClient
from cbvsynth.errors import CbvsynthError

client = CbvClient("{SERVER}")
while not os.path.exists("/tmp/enough"):
    try:
        made = client.predict({{"t1c": "/tmp/t1c.nii"}}, mask="/tmp/mask.nii", label="stable")
    except CbvsynthError as error:
        print("failed", error, flush=True)
    else:
        digest = hashlib.sha256(made.cbv.tobytes()).hexdigest()
        print(made.record.choice.served.version, digest, flush=True)
    time.sleep(0.5)  # the processors are needed for the answers
open("/tmp/ended", "w").close()
"""
"""One connection for all requests, as a service of a hospital holds it."""


@dataclass
class Answers:
    """What a client that asks without a pause was told: digests of maps, by version, and errors."""

    maps: dict[int, set[str]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


def give_images(kubectl: Kubectl, pod: str, study: Path) -> Path:
    """Bring one examination of the study into a pod; returns its T1C."""
    t1c = min(study.rglob("*_ce-gadolinium_T1w.nii"))
    place = t1c.parents[1].relative_to(t1c.parents[3])
    (mask,) = (study / "derivatives" / "masks" / place).rglob("*_mask.nii")
    kubectl("cp", t1c, f"{CLIENTS}/{pod}:/tmp/t1c.nii")
    kubectl("cp", mask, f"{CLIENTS}/{pod}:/tmp/mask.nii")
    return t1c


def predict(kubectl: Kubectl, pod: str = "client") -> str:
    """What `cbvsynth predict` says in a pod that has images."""
    return kubectl(*_inside(pod), f"{_ASK.format(timeout_s=60)} 2>&1")


def refused(kubectl: Kubectl, pod: str) -> str:
    """Why `cbvsynth predict` fails in a pod that has images."""
    return kubectl.refused(*_inside(pod), _ASK.format(timeout_s=10))


@contextmanager
def asking(kubectl: Kubectl) -> Iterator[Answers]:
    """A client that asks for one map after the other until the block ends; then its answers are there.

    It has been answered before the block begins, and once more after its end.
    """
    inside, answers = _inside("client"), Answers()
    kubectl(*inside, "rm -f /tmp/enough /tmp/ended /tmp/answers")
    kubectl("exec", "--stdin", *inside[1:], "cat > /tmp/ask.py", given=_WITHOUT_A_PAUSE)
    kubectl(*inside, "nohup python3 /tmp/ask.py > /tmp/answers 2>&1 &")

    def count() -> int:
        return len(kubectl(*inside, "cat /tmp/answers").splitlines())

    eventually(count, "the first answer", 240, every_s=1)
    try:
        yield answers
        before = count()
        eventually(lambda: count() > before + 1, "one more answer", 240, every_s=1)
    finally:
        kubectl(*inside, "touch /tmp/enough")
    kubectl(*inside, "for i in $(seq 90); do [ -e /tmp/ended ] && break; sleep 1; done")
    for line in kubectl(*inside, "cat /tmp/answers").splitlines():
        first, _, rest = line.partition(" ")
        if not first.isdigit():
            answers.failures.append(line)
            continue
        answers.maps.setdefault(int(first), set()).add(rest)


def _inside(pod: str) -> tuple[str, ...]:
    return ("exec", pod, f"--namespace={CLIENTS}", "--", "sh", "-c")
