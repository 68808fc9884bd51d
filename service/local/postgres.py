"""A PostgreSQL of one's own, run from the binaries of a wheel as our child."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

from service.local.child import Child, Program, ready, start, stop
from service.local.environment import for_servers
from service.local.postgres_home import Home, postgres_home

USER = "fairlead"
DATABASE = "postgres"
STATUS_LINE = 7  # of postmaster.pid, counted from 0


async def start_postgres(directory: Path, port: int, say: Callable[[str], None]) -> tuple[Child, str]:
    """Make the cluster if there is none, start it, and return it with its URL once it takes connections."""
    home = postgres_home(directory)
    password = home.password()
    if not home.data.is_dir():
        say("Creating the PostgreSQL database")
        await _create(directory, home)
    pid_file = home.data / "postmaster.pid"
    pid_file.unlink(missing_ok=True)  # no orphan lives any more, and its number may be somebody else's by now
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
    arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    child = start(directory, _program(home, "postgres", home.data, *arguments))
    try:
        await ready(child, lambda: _takes_connections(pid_file), within=60)
    except BaseException:
        await stop(child)
        raise
    # TLS is never used here, whatever PGSSLMODE says
    return child, f"postgresql://{USER}:{password}@127.0.0.1:{port}/{DATABASE}?sslmode=disable"


async def _create(directory: Path, home: Home) -> None:
    """Make it under another name first, so that an interrupted making is made again."""
    making = home.folder / "making"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(mode=0o700)
    home.give(making)
    arguments = ("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions")
    child = start(directory, _program(home, "initdb", making, "-U", USER, "--pwfile=../password", *arguments))
    try:
        await ready(child, lambda: child.process.poll() == 0, within=120)
    finally:
        await stop(child)
    making.rename(home.data)


def _program(home: Home, name: str, data: Path, *arguments: str) -> Program:
    return Program(
        name=name,
        command=[str(home.binaries / name), "-D", home.told(data), *arguments],
        environment=for_servers(),
        folder=data,
        stop=signal.SIGINT,  # PostgreSQL's word for: now, and cleanly
        orphaned=signal.SIGQUIT,  # and for: at once, with all that it started
        account=home.account,
    )


def _takes_connections(pid_file: Path) -> bool:
    """Whether the server says so in its own file."""
    if not pid_file.is_file():
        return False
    lines = pid_file.read_text().splitlines()
    return len(lines) > STATUS_LINE and lines[STATUS_LINE].strip() == "ready"
