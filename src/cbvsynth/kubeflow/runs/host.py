"""The connection to a Kubeflow Pipelines host."""

from __future__ import annotations

import io
import json
import logging
import os
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from cbvsynth.errors import PipelineError, UsageError

if TYPE_CHECKING:
    from kfp import Client

HOST_VARIABLE = "KF_PIPELINES_ENDPOINT"
"""Kubeflow's own variable for the address."""
TOKEN_VARIABLE = "CBVSYNTH_KFP_TOKEN"  # noqa: S105  a variable's name
"""Bearer token; from the environment only, because a command line can be read by others."""
_HEALTH = "/apis/v2beta1/healthz"
_LOG = "/apis/v1alpha1/runs/{run}/nodes/{pod}/log"
"""Of one pod; Kubeflow has kept it at this version."""
_MOST_LOG_BYTES = 4_000_000
_TIMEOUT_S = 10
"""For the health check, which answers at once; what comes after it may take longer."""


@dataclass(frozen=True)
class Host:
    """A host that answered; `client` is Kubeflow's."""

    url: str
    namespace: str
    client: Client = field(repr=False)
    token: str = field(default="", repr=False)

    def run_link(self, run_id: str) -> str:
        """Page of a run in the UI."""
        return f"{self.url}/#/runs/details/{run_id}"

    def log(self, run_id: str, pod: str) -> str:
        """The log of one of a run's pods; empty where the host does not give it."""
        address = f"{self.url}{_LOG.format(run=quote(run_id), pod=quote(pod))}"
        try:
            with urllib.request.urlopen(_request(address, self.token), timeout=_TIMEOUT_S) as reply:  # noqa: S310  checked to be http(s)
                return str(reply.read(_MOST_LOG_BYTES).decode(errors="replace"))
        except OSError:
            return ""

    def schedule_link(self, schedule_id: str) -> str:
        """Page of a recurring run in the UI."""
        return f"{self.url}/#/recurringrun/details/{schedule_id}"


def connect(url: str, namespace: str = "") -> Host:
    """Connect to a host, after asking whether Kubeflow's API answers there.

    Args:
        url: address; KF_PIPELINES_ENDPOINT when empty.
        namespace: profile namespace of a multi-user Kubeflow; empty for a single-user one.

    Raises:
        UsageError: no address.
        PipelineError: nothing answers there, or something that is not Kubeflow's API.
    """
    address = (url or os.environ.get(HOST_VARIABLE, "")).rstrip("/")
    if not address:
        raise UsageError(
            f"No Kubeflow host; give --host, as in http://localhost:8080, or set {HOST_VARIABLE}. To reach "
            "one in a cluster: kubectl -n kubeflow port-forward svc/ml-pipeline-ui 8080:80"
        )
    if not address.startswith(("http://", "https://")):
        raise UsageError(f"The host is '{address}'; expected an address with http:// or https://.")
    token = os.environ.get(TOKEN_VARIABLE, "")
    _require_answer(address, token)
    from kfp import Client

    with _quiet(), api_errors(address):
        client = Client(
            host=address,
            existing_token=token or None,
            # The client takes "kubeflow" for a Kubeflow without namespaces of its users.
            namespace=namespace or "kubeflow",
        )
    return Host(address, namespace, client, token)


@contextmanager
def api_errors(address: str) -> Iterator[None]:
    """Turn what Kubeflow's client raises into an error for people, and keep it from printing.

    Raises:
        PipelineError: the host refused, or was not reached.
    """
    from kfp_server_api import ApiException
    from urllib3.exceptions import HTTPError

    try:
        with _quiet():
            yield
    except ApiException as error:
        raise PipelineError(
            f"Kubeflow at {address} refused ({error.status} {error.reason}): {_reason(error.body)}"
        ) from error
    except HTTPError as error:
        raise PipelineError(
            f"Kubeflow at {address} was not reached ({type(error).__name__}). Check the address and the "
            "connection; runs submitted earlier continue."
        ) from error


def _require_answer(address: str, token: str) -> None:
    try:
        with urllib.request.urlopen(_request(address + _HEALTH, token), timeout=_TIMEOUT_S) as reply:  # noqa: S310  as above
            json.loads(reply.read())
    except urllib.error.HTTPError as error:
        raise PipelineError(
            f"{address} answers {error.code} {error.reason} to {_HEALTH}; expected Kubeflow Pipelines' API. "
            f"Check the address, and the token in {TOKEN_VARIABLE}."
        ) from error
    except (OSError, ValueError) as error:
        found = (
            "a page that is not its API, such as a login page"
            if isinstance(error, ValueError)
            else str(error)
        )
        raise PipelineError(
            f"Kubeflow Pipelines does not answer at {address} ({found}). Check the address, the "
            f"port-forward, and the token in {TOKEN_VARIABLE}."
        ) from error


def _request(address: str, token: str) -> urllib.request.Request:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return urllib.request.Request(address, headers=headers)  # noqa: S310  checked to be http(s)


def _reason(body: object) -> str:
    """The message in the JSON of a refusal, or the beginning of any other text."""
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body or "no reason given")
    try:
        content = json.loads(text)
        return str(content.get("message") or content.get("error") or text)[:500]
    except (ValueError, AttributeError):
        return text[:500]


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the links and warnings that Kubeflow's client prints: our own messages say more."""
    logger = logging.getLogger()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
