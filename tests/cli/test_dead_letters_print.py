"""A dead letter is shown as what it is, whatever strangers wrote into it."""

from __future__ import annotations

import json

import orjson
import pytest

from service.cli.dead_letters_letter import letter_of
from service.cli.dead_letters_print import emit_letter
from service.kafka.dead_letters import DeadLetter


def shown(value: bytes, capfd: pytest.CaptureFixture[str], *, as_json: bool = True) -> str:
    """What is printed of a dead letter of this value."""
    found = DeadLetter(0, 0, 0, b"x", value, (), "unreadable", "because", 0, 0, None)
    emit_letter(letter_of("ship", found), found, as_json=as_json)
    return capfd.readouterr().out


@pytest.mark.parametrize(
    "value",
    [b'{"data": %s}' % (b"[" * depth + b"]" * depth) for depth in (254, 300, 1000)]
    + [b"[18446744073709551617]", b'{"a": 1, "a": 2}', b"[0.1000000000000000055]"],
)
def test_a_dead_letter_that_data_would_alter_is_shown_as_text(value: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    letter = orjson.loads(shown(value, capfd))
    assert (value.decode(), True) == (letter["value"], "as text" in letter["note"])
    assert "".join(value.decode().split()) in "".join(shown(value, capfd, as_json=False).split())


@pytest.mark.parametrize(
    "value",
    [b'{"n\\u0061me": "S\\u00e3o",  "data": [1, -1.5, true, null, 18446744073709551615]}', b'"text"', b"7"]
    + [b"[" * depth + b"]" * depth for depth in range(250, 255)],
)
def test_a_dead_letter_that_data_can_tell_is_shown_as_data(value: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    letter = json.loads(shown(value, capfd))
    assert json.loads(value) == letter["value"]
    assert "note" not in letter
    assert shown(value, capfd, as_json=False)
