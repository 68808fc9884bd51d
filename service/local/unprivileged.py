"""PostgreSQL refuses to run as root, so as root it gets another account, and files that this account can reach."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from service.local.failure import StackFailed

SHARED_FOLDERS = (Path("/var/tmp"), Path("/tmp"))  # noqa: S108  # what is put there is checked to be root's own


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs a program."""

    uid: int
    gid: int


def account() -> Account | None:
    """The account with the fewest rights, if we are root; else none, and everything runs as we do."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def can(who: Account, test: str, path: Path) -> bool:
    """Whether this account may read (-r) or execute or enter (-x) a path: asked of the system, which knows best."""
    command = ["/bin/sh", "-c", f'test {test} "$1"', "sh", str(path)]
    asked = subprocess.run(command, check=False, cwd="/", user=who.uid, group=who.gid, extra_groups=[])
    return asked.returncode == 0


def readable_copy(parts: list[Path], base: Path, name: str, who: Account) -> Path:
    """Copy these parts of `base` to where `who` reaches them, once; later calls find them there."""
    for shared in SHARED_FOLDERS:
        folder = shared / f"fairlead-{name}"
        try:
            folder.mkdir(mode=0o755)
        except FileExistsError:
            if not _ours_alone(folder):
                continue
        except OSError:
            continue
        folder.chmod(0o755)
        for part in parts:
            _copy(part, folder / part.relative_to(base))
        if can(who, "-x", folder):
            return folder
    shown = " and ".join(map(str, SHARED_FOLDERS))
    raise StackFailed(f"as root, PostgreSQL needs a copy of itself in {shown}, and neither allows it: try as a user")


def _ours_alone(folder: Path) -> bool:
    """Whether root made it and nobody else can write there: what lies in a shared folder can be anybody's."""
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == 0 and not found.st_mode & 0o022


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        target.mkdir(exist_ok=True, parents=True)
        target.chmod(0o755)
        for part in source.iterdir():
            _copy(part, target / part.name)
    elif not target.is_file() or target.stat().st_size != source.stat().st_size:
        target.parent.mkdir(exist_ok=True, parents=True)
        unfinished = target.with_name(f"{target.name}.{os.getpid()}")
        shutil.copyfile(source, unfinished)
        unfinished.chmod(0o755)
        unfinished.replace(target)
