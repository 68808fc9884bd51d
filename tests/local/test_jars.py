"""A jar that is not byte for byte the one that was locked never reaches Java."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import signal
import socket
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.local import jars
from service.local.failure import StackFailed
from service.local.jars import class_path, locked

# `fairlead up` as it is started for the first time: it has its jars elsewhere, where there are none.
FIRST = """
import sys
from pathlib import Path
from service.cli.command_line import main
from service.local import jars
jars.cache = lambda: Path(sys.argv[1]) / "jars"
sys.exit(main(["up", "--dir", sys.argv[1]]))
"""


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A proxy that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        server.setblocking(False)  # noqa: FBT003  # its only parameter
        for scheme in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(scheme, f"http://127.0.0.1:{server.getsockname()[1]}")
        yield server


def is_empty(folder: Path) -> bool:
    return not list(folder.iterdir())


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
async def test_who_stops_the_first_start_does_not_wait_for_the_network(
    tmp_path: Path, silent: socket.socket, signum: signal.Signals
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FIRST, str(tmp_path), env=os.environ, stderr=PIPE
    )
    async with asyncio.timeout(60):
        taken, _ = await asyncio.get_running_loop().sock_accept(silent)
    process.send_signal(signum)
    async with asyncio.timeout(10):
        _, told = await process.communicate()
    taken.close()
    assert 0 == process.returncode, told.decode()
    assert is_empty(tmp_path / "jars")


async def test_a_network_that_does_not_answer_is_given_up_and_told(
    tmp_path: Path, silent: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert silent
    monkeypatch.setattr(jars, "WITHIN", (0.2, 0.2))
    async with asyncio.timeout(10):
        # Long before each of them has been tried: the first that failed is enough.
        with pytest.raises(StackFailed, match=r"no answer in time.*check network and proxy and try again"):
            await class_path(lambda _: None, tmp_path)
    assert is_empty(tmp_path)


async def test_a_full_disk_is_told_as_what_it_is_and_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> None:
        tried.append(1)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    tried: list[int] = []
    monkeypatch.setattr("jgo.maven.MavenContext", full)
    with pytest.raises(StackFailed) as refused:
        await class_path(lambda _: None, tmp_path)
    assert f"cannot be kept in {tmp_path} (No space left on device)" in str(refused.value)
    assert "network" not in str(refused.value)
    assert jars.AT_ONCE >= len(tried)


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StackFailed, match=r"cannot be kept in .*file/jars \(Not a directory\)"):
        await class_path(lambda _: None, tmp_path / "file" / "jars")


def test_lock_names_each_jar_once_with_its_hash() -> None:
    found = locked()
    assert len({jar.file_name for jar in found}) == len(found)
    assert {len(jar.sha256) for jar in found} == {64}
    assert "org.apache.kafka:kafka-server:4.2.2" in {jar.coordinate for jar in found}


async def test_damaged_jar_is_found_and_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def say(progress: str) -> None:
        said.append(progress)

    said: list[str] = []
    await class_path(say)  # all are there after this
    shutil.copytree(jars.cache(), tmp_path / "jars")
    damaged = locked()[0]
    with (tmp_path / "jars" / damaged.file_name).open("r+b") as file:
        file.write(b"?")
    said.clear()
    for scheme in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(scheme, "http://127.0.0.1:9")  # nobody's: the network is down
    with pytest.raises(StackFailed) as refused:
        await class_path(say, tmp_path / "jars")
    assert said == [f"Fetching Kafka (1 of {len(locked())} jars)"]
    assert damaged.coordinate in str(refused.value)
    assert "\n" not in str(refused.value)
    assert capsys.readouterr().out == ""


async def test_undamaged_jars_need_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    await class_path(said.append)
    said.clear()
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert "kafka-server-4.2.2.jar" in await class_path(said.append)
    assert said == []
