"""The independent checker: another program and client that recomputes what the service must have written."""

from tests.checker.judged import check_logs
from tests.checker.kafka import check
from tests.checker.report import Report

__all__ = ["Report", "check", "check_logs"]
