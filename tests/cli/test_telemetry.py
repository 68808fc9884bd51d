"""What a library says again and again fills no disk, and is not hidden either."""

from __future__ import annotations

import logging

from service.telemetry import Seldom


def _record(name: str, line: int, said: str) -> logging.LogRecord:
    return logging.LogRecord(name, logging.WARNING, "client.py", line, "%s is away", (said,), None)


def test_what_one_place_of_the_library_repeats_passes_once_in_ten_seconds_and_is_counted() -> None:
    now = [100.0]
    seldom = Seldom("aiokafka", lambda: now[0])
    assert [True, False, False] == [seldom.filter(_record("aiokafka.client", 7, str(node))) for node in range(3)]
    now[0] += 10
    again = _record("aiokafka.client", 7, "b")
    assert seldom.filter(again)
    assert "b is away (and 2 more like it before)" == again.getMessage()
    now[0] += 10
    last = _record("aiokafka.client", 7, "c")
    assert seldom.filter(last)
    assert "c is away" == last.getMessage()


def test_what_another_place_of_the_library_says_passes() -> None:
    seldom = Seldom("aiokafka")
    assert all(seldom.filter(_record("aiokafka.client", line, "a")) for line in range(3))


def test_nothing_of_our_own_is_left_out() -> None:
    seldom = Seldom("aiokafka")
    assert all(seldom.filter(_record("service.kafka.owner", 7, "x")) for _ in range(3))
