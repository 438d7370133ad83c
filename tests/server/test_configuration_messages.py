"""The messages of the TLS and the monitoring file have the published field numbers."""

from __future__ import annotations

from cbvsynth.server.configuration_messages import MonitoringConfig, SSLConfig


def test_the_tls_files_fields_are_the_published_ones():
    message = SSLConfig(server_key="k", server_cert="c", custom_ca="a", client_verify=True)
    assert message.SerializeToString() == b"\x0a\x01k\x12\x01c\x1a\x01a\x20\x01"


def test_the_monitoring_files_fields_are_the_published_ones():
    message = MonitoringConfig(prometheus_config={"enable": True, "path": "/p"})
    assert message.SerializeToString() == b"\x0a\x06\x08\x01\x12\x02/p"
