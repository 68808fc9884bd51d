"""A file of events is read as what its name says, value by value, and what is wrong with it is told."""

from __future__ import annotations

import gzip
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from service.cli import json_list
from service.cli.event_files import NoJson, compressed, form_of, read_values
from service.cli.exits import Exit, Stop
from service.cli.json_list import read_list

VALUES: list[Any] = [
    {"name": "Pacific \N{ANCHOR}", "in": [1, {"a": ']}\\"'}]},
    12345,
    -0.5,
    "text, with [",
    None,
    [],
    {},
]
NAMES = ["events.json", "events.jsonl", "events.json.gz", "events.jsonl.gz", "events"]


def read(path: Path) -> list[Any]:
    return [value for _, value in read_values(path, lambda _: None)]


def write(path: Path, values: list[Any]) -> None:
    form = form_of(path)
    with path.open("wb") as target, compressed(path, target) as sink:
        sink.write(form.begin)
        sink.write(form.between.join(json.dumps(value).encode() for value in values))
        sink.write(form.end if values else form.none)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("values", [VALUES, []], ids=["some", "none"])
def test_what_is_written_is_read_again(tmp_path: Path, name: str, values: list[Any]) -> None:
    write(tmp_path / name, values)
    assert values == read(tmp_path / name)


def test_a_name_says_how_a_file_is_written(tmp_path: Path) -> None:
    for name in NAMES:
        write(tmp_path / name, [1, 2])
    written = {name: (tmp_path / name).read_bytes() for name in NAMES}
    assert b"1\n2\n" == written["events.jsonl"] == gzip.decompress(written["events.jsonl.gz"])
    assert [1, 2] == json.loads(written["events.json"]) == json.loads(gzip.decompress(written["events.json.gz"]))


@pytest.mark.parametrize("window", range(1, 20))
@pytest.mark.parametrize("indent", [None, 2])
def test_a_list_is_the_same_however_it_is_cut(window: int, indent: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_list, "_READ", window)
    text = json.dumps(VALUES, indent=indent, ensure_ascii=False)
    assert VALUES == list(read_list(BytesIO(f" {text}\n".encode())))


def test_null_is_a_list_of_nothing() -> None:
    assert [] == list(read_list(BytesIO(b" null\n")))


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.json", b"", "no list of events"),
        ("a.json", b'{"a": 1}', "no list of events"),
        ("a.json", b'{"a":' * 100_000, "no list of events"),
        ("a.json", b"[1] [", "behind the list's end"),
        ("a.json", b"[1 2]", "after event 1"),
        ("a.json", b"[1, 2", "after event 2"),
        ("a.json", b"[1,]", "event 2 is not JSON"),
        ("a.json", b'[1, {"a": "b', "event 2 is not JSON"),
        ("a.json", b"[NaN]", "NaN is not JSON"),
        ("a.json", b"[" * 100_000, "event 1 is not JSON"),
        ("a.json", b'["\xff"]', "utf-8"),
        ("a.json.gz", b"[]", "no whole gzip file"),
        ("a.jsonl.gz", gzip.compress(b"1\n" * 1_000)[:-12], "no whole gzip file"),
    ],
)
def test_what_cannot_be_read_on_is_told(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Stop) as stop:
        read(tmp_path / name)
    assert stop.value.code is Exit.INVALID
    assert told in str(stop.value)


def test_a_line_that_is_not_json_is_told_with_its_place_and_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'1\n\n{"a":\n\r\n"\\ud800"\nnull\n')
    found = list(read_values(path, lambda _: None))
    assert [1, 3, 5, 6] == [place for place, _ in found]
    assert [int, NoJson, NoJson, type(None)] == [type(value) for _, value in found]


def test_what_never_ends_is_not_read_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.cli.event_files.LARGEST", 1_000)
    monkeypatch.setattr(json_list, "LARGEST", 1_000)
    monkeypatch.setattr(json_list, "_READ", 100)
    for name in ("a.json", "a.jsonl"):
        (tmp_path / name).write_bytes(b'["' + b"x" * 10_000 + b'"]')
        with pytest.raises(Stop):
            read(tmp_path / name)
