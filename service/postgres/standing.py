"""Where each projection stands in its topics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.postgres.public import Public

_PROGRESS = """
SELECT projection, version, topic, partition, next_offset FROM {public}.progress
WHERE current ORDER BY projection, topic, partition
"""


# Of each build, with what it has parked.
_BUILDS = """
SELECT projection, version, build, current, (
    SELECT count(*) FROM {public}.parked
    WHERE (parked.projection, parked.version, parked.build) = (versions.projection, versions.version, versions.build)
) AS parked, (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'topic', topic, 'partition', partition, 'next_offset', next_offset
    ) ORDER BY topic, partition), '[]') FROM {public}.progress
    WHERE (progress.projection, progress.version, progress.build)
        = (versions.projection, versions.version, versions.build)
) AS partitions
FROM {public}.versions ORDER BY projection, version, build
"""


async def builds(views: Public) -> list[Mapping[str, Any]]:
    """All builds of all projections, with what each has parked and where it stands; raises StoreUnavailable."""
    return await views.fetch(_BUILDS)


async def progress(views: Public) -> list[Mapping[str, Any]]:
    """The next offset of each partition of each projection as readers see it; raises StoreUnavailable."""
    return await views.fetch(_PROGRESS)
