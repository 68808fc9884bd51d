"""`fairlead` with one more projection, whose file a test writes and changes: FILE, then the words of a command."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location

from service.cli.command_line import main
from service.projections import PROJECTIONS
from service.projections.projection import Projection


def load(file: str) -> Projection:
    """The projection of a file, with its source at hand as that of any module."""
    spec = spec_from_file_location("one_more_projection", file)
    assert spec
    assert spec.loader
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    projection: Projection = module.PROJECTION
    return projection


if __name__ == "__main__":
    one = load(sys.argv[1])
    PROJECTIONS[one.name] = one
    sys.exit(main(sys.argv[2:]))
