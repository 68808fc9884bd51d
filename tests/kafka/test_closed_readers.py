"""In an outage an owner tries for as long as it takes: what it tried with is not left behind."""

from __future__ import annotations

import gc
import warnings

import pytest
from aiokafka.errors import KafkaConnectionError

from service.kafka.log_reader import open_reader


async def test_a_reader_that_found_no_broker_is_closed() -> None:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with pytest.raises(KafkaConnectionError):
            async with open_reader({"bootstrap_servers": "127.0.0.1:1"}, "read_committed"):
                pass
        gc.collect()

    assert [] == [str(one.message) for one in warned if issubclass(one.category, ResourceWarning)]
