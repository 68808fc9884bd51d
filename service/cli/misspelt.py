"""A FAIRLEAD_… variable that sets nothing is most likely a typo: every role says so when it starts."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping

import structlog

from service.settings import ENV_PREFIX, Settings

log = structlog.get_logger()

# Read by the command line itself.
_EXTRAS = frozenset({"FAIRLEAD_DIR"})
KNOWN = frozenset(f"{ENV_PREFIX}{name.upper()}" for name in Settings.model_fields) | _EXTRAS


def warn_of_unknown(environment: Mapping[str, str]) -> None:
    """Log each variable that looks like a setting and is none; not refused, since others may make some as well."""
    for name, nearest in unknown(environment):
        hint = {} if nearest is None else {"nearest": nearest}
        log.warning("no setting has this name: it is ignored", variable=name, **hint)


def unknown(names: Iterable[str]) -> Iterator[tuple[str, str | None]]:
    """The names that are no setting, each with the one that may have been meant."""
    ours = sorted(name for name in names if name.upper().startswith(ENV_PREFIX))
    # Kubernetes makes variables of every Service of the namespace, always this one among them.
    services = [name.removesuffix("_SERVICE_HOST") for name in ours if name.endswith("_SERVICE_HOST")]
    for name in ours:
        injected = any(
            name == f"{service}_PORT" or name.startswith((f"{service}_SERVICE_", f"{service}_PORT_"))
            for service in services
        )
        if not injected and name.upper() not in KNOWN:
            yield name, next(iter(difflib.get_close_matches(name.upper(), KNOWN, 1, 0.8)), None)
