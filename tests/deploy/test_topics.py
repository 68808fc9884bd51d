"""Who makes topics by deploy/KAFKA.md makes them as the service does."""

from __future__ import annotations

import re
from pathlib import Path

from service.kafka.topic_making import _configs
from service.kafka.topics import KINDS

DOCUMENT = Path(__file__).parents[2] / "deploy" / "KAFKA.md"


def test_topics_are_listed_with_the_settings_that_they_are_made_with() -> None:
    rows = re.findall(r"^\| `\{aggregate\}\.(\S+)` \| (`\S+=.*) \|$", DOCUMENT.read_text(), re.MULTILINE)
    listed = {kind: dict(re.findall("`(.+?)=(.+?)`", told)) for kind, told in rows}

    assert {kind: _configs(kind, {}) for kind in KINDS} == listed
