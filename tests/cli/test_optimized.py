"""Without assertions aiokafka no longer sees that a transaction is in the wrong state."""

from __future__ import annotations

import subprocess
import sys


def test_python_without_assertions_is_refused_in_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-O", "-m", "service", "handle"], capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "PYTHONOPTIMIZE" in done.stderr
