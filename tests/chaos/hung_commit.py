"""A way to the broker on which commits are lost from a moment on, without a word to either side."""

from __future__ import annotations

from tests.kafka.late_commit import LateCommit

_END_TXN = 26


class HungCommit(LateCommit):
    """Passes everything on, but for the end of a transaction while `hanging`; counts those in `lost`."""

    def __init__(self, broker: str) -> None:
        super().__init__(broker)
        self.hanging = False
        self.lost = 0

    async def _pass(self, frame: bytes) -> bytes | None:
        if not self.hanging or int.from_bytes(frame[4:6]) != _END_TXN:
            return frame
        self.lost += 1
        # Not None, at which the connection would end.
        return b""
