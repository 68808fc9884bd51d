"""Clients find a restarted server where it was, and nobody's port is taken."""

from __future__ import annotations

import json
import secrets
import socket
from pathlib import Path

import pytest

from service.local.ports import HIGHEST, LOWEST, free_port, ports


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


def test_no_two_names_of_a_directory_have_one_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [api, another, third] = [free_port() - LOWEST for _ in range(3)]
    chance = iter([api, api, another, another, api, third])
    monkeypatch.setattr(secrets, "randbelow", lambda _: next(chance))
    assert [LOWEST + api] == ports(tmp_path, "api")
    assert [LOWEST + another, LOWEST + third] == ports(tmp_path, "kafka", "controller")


def test_a_port_that_two_names_have_is_replaced(tmp_path: Path) -> None:
    shared, own = free_port(), free_port()
    (tmp_path / "ports.json").write_text(json.dumps({"kafka": shared, "controller": shared, "postgres": own}))
    kafka, controller, postgres = ports(tmp_path, "kafka", "controller", "postgres")
    assert (own, 3) == (postgres, len({kafka, controller, postgres}))
    assert [kafka, controller] == ports(tmp_path, "kafka", "controller")
