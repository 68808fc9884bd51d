"""What is printed as JSON is JSON, whatever is in it and wherever it goes."""

from __future__ import annotations

import json
import sys
from io import BytesIO, TextIOWrapper

import pytest

from service.cli.output import emit_fields, emit_json


def test_json_is_utf_8_whatever_stdout_is(monkeypatch: pytest.MonkeyPatch) -> None:
    content = BytesIO()
    monkeypatch.setattr(sys, "stdout", TextIOWrapper(content, "ascii", errors="backslashreplace"))
    sys.stdout.write("[")
    emit_json({"name": "São"})
    sys.stdout.write("]")
    sys.stdout.flush()
    assert [{"name": "São"}] == json.loads(content.getvalue())


def test_a_sum_of_any_size_is_printed_as_it_is(capfd: pytest.CaptureFixture[str]) -> None:
    totals = {"cargo": {"São": 2**64}, "ships": 1}
    emit_json(totals)
    assert f"{json.dumps(totals, indent=2, ensure_ascii=False)}\n" == capfd.readouterr().out


def test_of_what_a_person_reads_nothing_is_cut(capfd: pytest.CaptureFixture[str]) -> None:
    emit_fields({"value_base64": "x" * 1_000}, as_json=False)
    assert 1_000 == capfd.readouterr().out.count("x")
