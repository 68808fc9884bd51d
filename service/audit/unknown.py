"""What cannot be judged because the logs no longer tell it: then less is said, rather than something wrong."""

from __future__ import annotations


class Unknown(Exception):
    """A command cannot be judged, for the reason in the message; with `lost`, nor can any later one of its entity."""

    def __init__(self, reason: str, subject: str, *, lost: bool) -> None:
        super().__init__(reason)
        self.subject = subject
        self.lost = lost
