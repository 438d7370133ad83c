"""Requests over HTTP, and their replies."""

from __future__ import annotations

import http.client
import json
from typing import Any

SUM = "/v1/models/sum:predict"
ROW = {"t1": [[[1, 2, 3, 4]]], "adc": [[[0.5, 0.5, 0.5, 0.5]]]}


def ask(running: Any, method: str, path: str, body: object = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(running.rest_address, timeout=60)
    content = body if body is None or isinstance(body, bytes) else json.dumps(body)
    connection.request(method, path, content)
    reply = connection.getresponse()
    text = reply.read().decode()
    connection.close()
    return reply.status, json.loads(text) if reply.headers["Content-Type"] == "application/json" else text
