"""What the service says of itself: JSON where a machine reads, colours where a person does."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from time import monotonic

import structlog

# What a library repeats, it may say so seldom: while no broker answers, handlers had 320 lines a second from aiokafka.
_SECONDS = 10.0


class Seldom(logging.Filter):
    """Lets what one place of a library's code says pass once in 10 s, with how often it was left out."""

    def __init__(self, library: str, clock: Callable[[], float] = monotonic) -> None:
        super().__init__(library)
        self._clock = clock
        self._said: dict[tuple[str, int], float] = {}
        self._left_out: dict[tuple[str, int], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to say it."""
        if not super().filter(record):
            return True
        place, now = (record.pathname, record.lineno), self._clock()
        if now - self._said.get(place, -_SECONDS) < _SECONDS:
            self._left_out[place] = self._left_out.get(place, 0) + 1
            return False
        self._said[place] = now
        if left_out := self._left_out.pop(place, 0):
            record.msg, record.args = f"{record.getMessage()} (and {left_out} more like it before)", ()
        return True


def configure_logging(level: str) -> None:
    """Send all logs, those of libraries too, to stderr as lines of one shape."""
    numeric = logging.getLevelNamesMapping()[level]
    terminal = sys.stderr.isatty()
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if not terminal:
        shared.append(structlog.processors.format_exc_info)
    # Not the pretty tracebacks: they show what variables hold, names of people and their keys among it.
    render = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if terminal
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(numeric),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    handler.addFilter(Seldom("aiokafka"))
    logging.basicConfig(handlers=[handler], level=numeric, force=True)
    # At DEBUG aiokafka logs whole requests, a SASL password included.
    logging.getLogger("aiokafka").setLevel(max(numeric, logging.WARNING))
