"""What the demo leaves behind takes nothing away."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.cli.story import unused_name


def test_the_demo_exports_to_a_file_that_is_not_there_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = ["ship_events.json", "ship_events-2.json", "ship_events-3.json"]
    for name in names:
        assert name == unused_name()
        (tmp_path / name).symlink_to("nowhere")
