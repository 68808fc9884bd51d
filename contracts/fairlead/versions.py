"""What was written in a former version of a message is brought up to the present one before anything reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from fairlead.bounds import Message

_NUMBER = re.compile("[1-9][0-9]{0,8}")


class NewerVersion(Exception):
    """A message of a version or type that this release does not know: to read it as another would be to misread it."""


def version_of(model: type[Message]) -> int:
    """The version in which a message is written now: there is one more than steps that lead to it."""
    return 1 + len(model.upcasters)


@lru_cache(maxsize=1024)
def version_in(dataschema: str | None) -> int:
    """The version that a `dataschema` names; absent means 1. Raises ValueError where it names none."""
    number = "1" if dataschema is None else str(dataschema).rpartition(":")[2]
    if not _NUMBER.fullmatch(number):
        msg = f"{dataschema} names no version"
        raise ValueError(msg)
    return int(number)


def present(model: type[Message], data: Mapping[str, Any], version: int) -> Mapping[str, Any]:
    """The data of a message as its present version has it; raises NewerVersion, and what a step raises."""
    steps = model.upcasters
    if version == 1 + len(steps):
        return data
    if version > 1 + len(steps):
        msg = (
            f"{model.__name__} is of version {version}, and this release knows none beyond {1 + len(steps)}: "
            "it waits for a release that does"
        )
        raise NewerVersion(msg)
    for step in steps[version - 1 :]:
        data = step(data)
    return data
