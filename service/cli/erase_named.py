"""Copies that nobody can look into from here: named, with how it is known what is in them."""

from __future__ import annotations

from service.cli.erase_certificate import Copy

NAMED = (
    Copy(
        "local state of handlers",
        "FAIRLEAD_STATE_DIR of each",
        "not opened: handlers keep there what they read of events and snapshots, sealed as it is in those",
        "named",
    ),
    Copy(
        "what PostgreSQL has not overwritten",
        "free space, WAL and backups of the key store",
        "not opened: deploy/KEYS.md says how long each may hold the key, and what to do after a restore",
        "named",
        until="your backups end",
    ),
    Copy(
        "what was handed out",
        "files of `fairlead export`, answers of the API, certificates",
        "nobody knows of these: whoever has them was told the name",
        "named",
    ),
)
