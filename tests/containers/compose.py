"""The stack of docker-compose.yml as a person brings it up, under a name and on ports of its own."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Collection
from pathlib import Path

from service.local.ports import free_port
from service.local.servers import Endpoints
from tests.engine import docker, logs, run
from tests.running import PARTITIONS

ROOT = Path(__file__).parents[2]
LASTING = ("kafka", "postgres", "handler", "projectors", "api")
_SECONDS = 120.0
_AGAIN_SECONDS = 0.2


class Stack:
    """One of them; `images` says by the file's variables what it is made of."""

    def __init__(self, project: str, images: dict[str, str]) -> None:
        self.project = project
        ports = {name: free_port() for name in ("KAFKA_PORT", "POSTGRES_PORT", "API_PORT")}
        self.endpoints = Endpoints(
            f"127.0.0.1:{ports['KAFKA_PORT']}",
            f"postgresql://fairlead:fairlead@127.0.0.1:{ports['POSTGRES_PORT']}/fairlead?sslmode=disable",
        )
        self.api_url = f"http://127.0.0.1:{ports['API_PORT']}"
        self._variables = {
            **images,
            **{name: str(port) for name, port in ports.items()},
            "PARTITIONS": str(PARTITIONS),
            # An engine whose own network leads nowhere still builds.
            "BUILD_NETWORK": "host",
        }
        self._program = _program()

    def compose(self, *words: str, **variables: str) -> str:
        """What compose prints, with these of the file's variables set otherwise."""
        line = (*self._program, "--project-name", self.project, "--file", str(ROOT / "docker-compose.yml"), *words)
        return run(*line, environment=self._variables | variables)

    def up(self, *words: str, **variables: str) -> None:
        """Bring it up, or to what is said now; returns once all are healthy."""
        self.compose("up", "--detach", *words, **variables)
        self.healthy()

    def containers(self, service: str) -> list[str]:
        """The ids of those that run or have run."""
        labels = {"project": self.project, "service": service}
        filters = [part for name, value in labels.items() for part in _filter(f"com.docker.compose.{name}={value}")]
        return docker("ps", "--all", "--quiet", *filters).split()

    def healthy(self, services: Collection[str] = LASTING) -> None:
        """Return once all containers of these services are."""
        deadline = time.monotonic() + _SECONDS
        while sick := [one for name in services for one in self.containers(name) if health(one) != "healthy"]:
            assert time.monotonic() < deadline, logs(sick[0])[-3000:]
            time.sleep(_AGAIN_SECONDS)  # an engine tells nobody but those who ask

    def memory(self) -> str:
        """What each container uses."""
        ids = [one for service in LASTING for one in self.containers(service)]
        lines = docker("stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}", *ids).splitlines()
        used = (line.removeprefix(self.project)[1:].split() for line in lines)
        return ", ".join(f"{name} {size}" for name, size, *_ in used)


def health(container: str) -> str:
    """As the engine sees it: starting, healthy or unhealthy, and nothing of one that has ended."""
    state = json.loads(docker("inspect", "--format", "{{json .State}}", container))
    return str(state["Health"]["Status"]) if state["Running"] else ""


def _program() -> tuple[str, ...]:
    """Compose as a part of docker, or the older program."""
    asked = subprocess.run(("docker", "compose", "version"), capture_output=True, check=False)  # noqa: S607  # as the user's
    return ("docker", "compose") if asked.returncode == 0 else ("docker-compose",)


def _filter(label: str) -> tuple[str, str]:
    return "--filter", f"label={label}"
