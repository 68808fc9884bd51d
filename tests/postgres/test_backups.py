"""The backups of deploy/KEYS.md hold either the keys or what they open, under whatever prefix."""

from __future__ import annotations

import os
import re
import subprocess
from importlib.util import find_spec
from pathlib import Path

from service.local.postgres_home import INSTALL, PACKAGE
from service.local.servers import Endpoints
from service.postgres.names import Names
from tests.postgres.seeding import Seeding

KEYS = Path(__file__).parents[2] / "deploy" / "KEYS.md"


def test_no_backup_holds_both_the_keys_and_what_they_open(
    servers: Endpoints, names: Names, seeding: Seeding, tmp_path: Path
) -> None:
    assert seeding  # with all its schemas
    environment = {"PATH": _path(), "FAIRLEAD_DATABASE_URL": servers.database_url}
    for line in re.findall(r"^ +(pg_dump .+)$", KEYS.read_text(), re.MULTILINE):
        subprocess.run(line, shell=True, check=True, cwd=tmp_path, env=environment)  # noqa: S602  # as a person types it

    held = {path.stem: _tables(path, environment, names.prefix) for path in tmp_path.iterdir()}

    assert held["keys"] == {"fairlead_keys keys"}
    assert "accounts" in {table.rpartition(" ")[2] for table in held["rest"]}
    assert not any("fairlead_keys" in table for table in held["rest"])


def _tables(dump: Path, environment: dict[str, str], prefix: str) -> set[str]:
    line = f"pg_restore --list {dump.name}"
    listed = subprocess.run(line, shell=True, check=True, cwd=dump.parent, env=environment, capture_output=True)  # noqa: S602  # likewise
    return set(re.findall(rf"TABLE {re.escape(prefix)}(\S+ \S+)", listed.stdout.decode()))


def _path() -> str:
    """With the programs of the PostgreSQL that the tests bring along."""
    spec = find_spec(PACKAGE)
    own = [str(Path(spec.origin).parent / INSTALL / "bin")] if spec and spec.origin else []
    return os.pathsep.join([*own, os.environ["PATH"]])
