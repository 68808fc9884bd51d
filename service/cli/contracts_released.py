"""A released set, from a directory or from Git's history."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

from service.cli.exits import Exit, Stop


def released(against: str, place: Path) -> dict[str, bytes]:
    """The files of a set by their path: those in a directory, else those that a commit has at `place`; raises Stop."""
    from service.published import folder  # noqa: PLC0415  # it brings all models

    if not Path(against).is_dir():
        return _committed(against, place)
    try:
        return folder.read(Path(against))
    except NotADirectoryError:
        raise Stop(Exit.NOT_FOUND, f"{against} holds no schemas: `fairlead contracts write` makes a set") from None


def _committed(ref: str, place: Path) -> dict[str, bytes]:
    if ref == str(place) or ref.startswith("-"):
        raise Stop(Exit.NOT_FOUND, f"{place} is not here: run it in the repository, or name a set with --against")
    try:
        line = ["git", "archive", "--format=tar", ref, place.as_posix()]
        archive = subprocess.run(line, capture_output=True, check=True).stdout  # noqa: S603  # no shell, and no option
    except FileNotFoundError:
        raise Stop(Exit.NOT_FOUND, f"{ref} is no directory, and Git is not installed to look for it there") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines()[-1:]
        told = f"{ref} is no directory, and no commit with {place} ({''.join(said)}): name one that is"
        raise Stop(Exit.NOT_FOUND, told) from None
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        found = {entry.name: files.extractfile(entry) for entry in files if entry.isfile()}
    prefix = f"{place.as_posix()}/"
    return {name.removeprefix(prefix): content.read() for name, content in found.items() if content is not None}
