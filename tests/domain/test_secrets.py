"""What a log might print of a key is not the key."""

from __future__ import annotations

from service.commands.personal import DataKey


def test_a_data_key_does_not_show_its_secret() -> None:
    assert "hidden" not in repr(DataKey("kid", b"hidden"))
