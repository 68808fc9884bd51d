"""A Kafka and a PostgreSQL in containers, set as those of the local stack are."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

import psutil
from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from service.local.kafka import BROKER
from service.local.ports import free_port
from service.local.postgres import DATABASE, USER
from service.local.servers import Endpoints
from tests.engine import docker, has
from tests.ready import until_ready

_LABEL = "fairlead.tests"


@asynccontextmanager
async def servers_in_containers(kafka: str, postgres: str) -> AsyncIterator[Endpoints]:
    """Both, from these images, until exit."""
    with ExitStack() as stack:
        yield await asyncio.to_thread(_start, stack, kafka, postgres)


def _start(stack: ExitStack, kafka: str, postgres: str) -> Endpoints:
    if not has(testcontainers_config.ryuk_image):
        # Its helper, which would remove what a killed run leaves, is not there: the next run does that.
        testcontainers_config.ryuk_disabled = True
    _remove_orphans()
    labels = {_LABEL: f"{socket.gethostname()}:{os.getpid()}"}
    database = PostgresContainer(
        postgres, username=USER, password=USER, dbname=DATABASE, driver=None, labels=labels
    ).with_envs(LANG="C.UTF-8", TZ="UTC")
    port = free_port()
    broker = DockerContainer(kafka, labels=labels).with_bind_ports(9092, port).with_envs(**_variables(port))
    stack.enter_context(broker)
    stack.enter_context(database)
    bootstrap_servers = f"127.0.0.1:{port}"
    until_ready(bootstrap_servers)
    return Endpoints(bootstrap_servers, f"{database.get_connection_url()}?sslmode=disable")


def _variables(port: int) -> dict[str, str]:
    """As the image takes them; by this machine it is reached at another address than by itself."""
    addresses = {
        "controller.quorum.voters": "1@localhost:9093",
        "listeners": "OUTSIDE://:9092,PLAINTEXT://localhost:9094,CONTROLLER://localhost:9093",
        "advertised.listeners": f"OUTSIDE://127.0.0.1:{port},PLAINTEXT://localhost:9094",
        "listener.security.protocol.map": "OUTSIDE:PLAINTEXT,PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    }
    return {f"KAFKA_{name.replace('.', '_').upper()}": value for name, value in (BROKER | addresses).items()}


def _remove_orphans() -> None:
    """Containers of runs on this machine that were killed."""
    listed = docker("ps", "--all", "--filter", f"label={_LABEL}", "--format", f'{{{{.ID}}}} {{{{.Label "{_LABEL}"}}}}')
    for line in listed.splitlines():
        container, _, run = line.partition(" ")
        host, _, pid = run.partition(":")
        if host == socket.gethostname() and not psutil.pid_exists(int(pid)):
            docker("rm", "--force", "--volumes", container)
