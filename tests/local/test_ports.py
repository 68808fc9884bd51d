"""Clients find a restarted server where it was, and nobody's port is taken."""

from __future__ import annotations

import socket
from pathlib import Path

from service.local.ports import HIGHEST, LOWEST, ports


def test_ports_stay_the_same_while_they_are_free(tmp_path: Path) -> None:
    first = ports(tmp_path, "kafka", "postgres")
    assert ports(tmp_path, "kafka", "postgres") == first
    assert ports(tmp_path, "postgres") == first[1:]
    assert all(LOWEST <= port < HIGHEST for port in first)


def test_port_that_somebody_took_is_replaced(tmp_path: Path) -> None:
    [port] = ports(tmp_path, "kafka")
    with socket.create_server(("127.0.0.1", port)):
        assert ports(tmp_path, "kafka") != [port]


def test_half_written_file_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text("{")
    assert len(ports(tmp_path, "kafka")) == 1
