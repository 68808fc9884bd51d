"""Who makes topics by deploy/KAFKA.md makes them as the service does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from service.kafka.topic_making import _configs
from service.kafka.topics import KINDS

DOCUMENT = Path(__file__).parents[2] / "deploy" / "KAFKA.md"


@pytest.mark.parametrize("kind", KINDS)
def test_whose_times_records_have_is_said_whatever_brokers_have_by_default(kind: str) -> None:
    # What is written carries the broker's time of its command, and a copy the time of what it is of.
    wanted = "LogAppendTime" if kind == "commands" else "CreateTime"
    assert wanted == _configs(kind, {}).get("message.timestamp.type")


def test_topics_are_listed_with_the_settings_that_they_are_made_with() -> None:
    rows = re.findall(r"^\| `\{aggregate\}\.(\S+)` \| (`\S+=.*) \|$", DOCUMENT.read_text(), re.MULTILINE)
    listed = {kind: dict(re.findall("`(.+?)=(.+?)`", told)) for kind, told in rows}

    assert {kind: _configs(kind, {}) for kind in KINDS} == listed
