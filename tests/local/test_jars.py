"""A jar that is not byte for byte the one that was locked never reaches Java."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from service.local import jars
from service.local.failure import StackFailed
from service.local.jars import class_path, locked


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
