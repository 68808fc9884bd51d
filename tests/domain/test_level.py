"""What a build may still come to."""

from __future__ import annotations

from service.projections.level import gone


def test_what_retention_has_removed_before_it_was_read_is_gone_and_nothing_else() -> None:
    begins = {("ship.replies", 0): 10, ("ship.replies", 1): 10, ("user.replies", 0): 10, ("user.replies", 1): 0}
    at = {("ship.replies", 0): 9, ("ship.replies", 1): 10, ("user.replies", 1): 0}
    assert {("ship.replies", 0): 9} == gone(at, begins)
