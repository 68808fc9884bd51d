"""Two stacks on one directory would destroy its data, so the second refuses, in a line that says what to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from service.local.claim import claimed
from service.local.failure import StackFailed, StackInUse


def test_second_use_of_a_directory_is_refused_in_one_line(tmp_path: Path) -> None:
    with claimed(tmp_path), pytest.raises(StackInUse) as refused, claimed(tmp_path):
        pass
    said = str(refused.value)
    assert "\n" not in said
    assert f"process {os.getpid()}" in said
    assert "--dir" in said


def test_directory_is_free_again_once_its_holder_is_gone(tmp_path: Path) -> None:
    for _ in range(2):
        with claimed(tmp_path / "made on the way") as place:
            assert place.is_dir()


def test_what_cannot_be_a_directory_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StackFailed) as refused, claimed(tmp_path / "file"):
        pass
    assert "\n" not in str(refused.value)
