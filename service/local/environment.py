"""What of the caller's environment reaches a child: settings meant for other servers must not bend these."""

from __future__ import annotations

import os

# A port of one role's health cannot be that of three.
FOREIGN = ("PG", "KAFKA_", "FAIRLEAD_SASL_", "FAIRLEAD_SSL_", "FAIRLEAD_SECURITY_", "FAIRLEAD_HEALTH_")
FOREIGN_NAMES = {
    "CLASSPATH",
    # Where this stack's servers will be told once it is ready, which its roles are not to wait for.
    "FAIRLEAD_DIR",
    "JAVA_HOME",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "PYTHONHOME",
    "PYTHONPATH",
    "_JAVA_OPTIONS",
}


def for_servers() -> dict[str, str]:
    """Only what a program needs in order to run; the servers are told everything else."""
    needed = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return needed | {"LC_ALL": "C.UTF-8", "TZ": "UTC"}


def for_roles(**settings: str) -> dict[str, str]:
    """The caller's environment less what is foreign, and these settings."""
    kept = {
        name: value
        for name, value in os.environ.items()
        # Settings are read whatever their case.
        if not name.upper().startswith(FOREIGN) and name not in FOREIGN_NAMES
    }
    return kept | settings
