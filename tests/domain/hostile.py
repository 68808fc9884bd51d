"""What strangers may send: chance, and what the contract shows, broken in every way; the same for the same seed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

from service.domain import AGGREGATES

SAMPLES = Path(__file__).parents[2] / "contracts" / "published" / "samples"
_SUBJECTS = [str(UUID(int=number, version=4)) for number in range(8)]
# A number or constant that no library writes is put in for a text that stands for it.
_RAW = {
    "@digits": "9" * 5_000,
    "@negative digits": "-" + "7" * 20_000,
    "@NaN": "NaN",
    "@Infinity": "-Infinity",
    "@exponent": "1e999999",
    "@minus zero": "-0",
    "@one": "1.0",
    "@201 levels": "[" * 201 + "]" * 201,
    "@twice": '1,"type":"dock_ship"',
    "@lone": '"\\ud800"',
    "@lone pair": '"\\udc00\\ud800 tea"',
    "@null character": '"\\u0000"',
}
# Of the costly ones a few are enough.
_COSTLY = {
    "@million digits": "1" + "0" * 10**6,
    "@deep": "[" * 10_000 + "]" * 10_000,
    "@deep objects": '{"a":' * 10_000 + "1" + "}" * 10_000,
}
_OFTEN: Sequence[Any] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        1.5,
        2**53,
        2**63,
        -(2**64),
        "",
        " ",
        "tea",
        "x" * 201,
        "cafe\u0301",
        "\u2028\U0001f6a2",
    ),
    *([], {}, [[]], [None], {"": None}, {"value": "x"}, "2026-11-24T18:20:00Z", "9999-12-31T23:59:60-23:59"),
)
_KEYS = ("subject", "id", "data", "type", "expectedversion", "Id", "", "\x00", "a.b", "x" * 500, "specversion", "@lone")
_HEADERS = (
    "traceparent",
    "tracestate",
    "content-type",
    "fairlead-code",
    "fairlead-redrives",
    "",
    "\N{ANCHOR}",
    "n" * 300,
)
_TRACE = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
_CONTENTS: Sequence[bytes | None] = (None, b"", b"\xff", b"9" * 30, b"-1", _TRACE)


class Input(NamedTuple):
    """A record as a stranger may write it."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


def samples(aggregate: str) -> list[bytes]:
    """All that the contract shows of an aggregate: commands, events, replies, and what became a dead letter."""
    files = sorted((SAMPLES / aggregate).iterdir())
    return [file.read_bytes() for file in files if not file.name.endswith(".record.json")]


class Hostile:
    """Makes inputs for one aggregate, the same ones for the same seed."""

    def __init__(self, aggregate: str, seed: int) -> None:
        self._random = Random(seed)
        objects = [value for value in samples(aggregate) if _is_object(value)]
        commands = [value for value in objects if json.loads(value).get("type") in AGGREGATES[aggregate].commands]
        # What is no command is refused for that alone: of these a few are enough.
        self._likely = [*commands * (4 * len(objects) // len(commands)), *objects]
        self._ways: Sequence[Callable[[], bytes | None]] = (
            *[self._mutated] * 12,
            *[self._damaged] * 3,
            self._cut,
            self._spliced,
            self._noise,
            self._odd,
        )

    def next(self) -> Input:
        """One more."""
        random = self._random
        value = random.choice(self._ways)()
        return Input(self._key(value), value, self._headers())

    def _mutated(self) -> bytes:
        """A message with a few of its parts replaced, left out, added, and mostly under an id of its own."""
        random = self._random
        message: Any = json.loads(random.choice(self._likely))
        message |= {"subject": random.choice(_SUBJECTS)}
        if random.random() < 0.9:
            message["id"] = str(UUID(int=random.getrandbits(128), version=4))
        if random.random() < 0.5:
            message.pop("expectedversion", None)
        for _ in range(random.choice((0, 0, 1, 1, 2, 5))):
            self._change(random.choice(list(_containers(message))))
        return _written(message, random)

    def _change(self, container: Any) -> None:
        random = self._random
        chance = random.random()
        if chance < 0.003:
            value = random.choice([*_COSTLY])
        else:
            value = random.choice([*_RAW]) if chance < 0.1 else deepcopy(random.choice(_OFTEN))
        names = list(range(len(container))) if isinstance(container, list) else list(container)
        chance = random.random()
        if not names or chance < 0.2:
            if isinstance(container, list):
                container.append(value)
            else:
                container[random.choice(_KEYS)] = value
        elif chance < 0.4:
            del container[random.choice(names)]
        else:
            container[random.choice(names)] = value

    def _damaged(self) -> bytes:
        """A sample with some of its bytes changed, left out or there twice."""
        random, value = self._random, bytearray(self._mutated())
        for _ in range(random.choice((1, 1, 2, 20))):
            at = random.randrange(len(value) or 1)
            value[at : at + random.choice((0, 1, 1, 7))] = random.choice(
                (random.randbytes(1), b"", b'"', b"\\", b"\\u", b"{", b"]", b",", b"\xed\xa0\x80", value[at : at + 9])
            )
        return bytes(value)

    def _cut(self) -> bytes:
        value = self._mutated()
        return value[: self._random.randrange(len(value))]

    def _spliced(self) -> bytes:
        one, other = self._mutated(), self._mutated()
        return one[: self._random.randrange(len(one))] + other[self._random.randrange(len(other)) :]

    def _noise(self) -> bytes:
        return self._random.randbytes(self._random.randrange(300))

    def _odd(self) -> bytes | None:
        """What is no object at all, in every size."""
        random = self._random
        size = random.choice((1, 10, 200, 201, 1_000)) if random.random() < 0.95 else random.choice((10_000, 300_000))
        return random.choice(
            (
                None,
                b"",
                b"null",
                b"\xef\xbb\xbf{}",
                b" " * size,
                b"[" * size,
                b'{"a":' * size,
                b'{"id":' + b"9" * size + b"}",
                b'"' + b"\\ud800" * (size // 6) + b'"',
                b'{"' + b"x" * size + b'":1}',
                b"{" + b",".join(b'"%d":1' % number for number in range(size // 10)) + b"}",
            )
        )

    def _key(self, value: bytes | None) -> bytes | None:
        """Mostly that of the subject."""
        random = self._random
        if random.random() < 0.85 and value is not None:
            found = next((subject for subject in _SUBJECTS if subject.encode() in value), None)
            if found:
                return found.encode()
        return random.choice((None, b"", b"\xff\xfe", b"k" * 20_000, random.choice(_SUBJECTS).encode(), b"\x00"))

    def _headers(self) -> Sequence[tuple[str, bytes | None]]:
        random = self._random
        if random.random() < 0.7:
            return []
        some: list[tuple[str, bytes | None]] = [
            (random.choice(_HEADERS), random.choice(_CONTENTS)) for _ in range(random.choice((1, 2, 30)))
        ]
        return [*some, ("huge", b"h" * 100_000)] if random.random() < 0.01 else some


def _is_object(sample: bytes) -> bool:
    try:
        return isinstance(json.loads(sample), dict)
    except ValueError:
        return False


def _containers(value: Any) -> Any:
    if isinstance(value, dict | list):
        yield value
        for member in value.values() if isinstance(value, dict) else value:
            yield from _containers(member)


def _written(message: Any, random: Random) -> bytes:
    text = json.dumps(message, ensure_ascii=random.random() < 0.5, indent=random.choice((None, None, None, 1)))
    if "@" in text:
        for name, raw in (_RAW | _COSTLY).items():
            text = text.replace(f'"{name}"', raw)
    return text.encode("utf-8", "surrogatepass")
