"""The independent checker: another program and client that recomputes what the service must have written."""

from service.audit.report import Report
from tests.checker.judged import check_logs
from tests.checker.kafka import check

__all__ = ["Report", "check", "check_logs"]
