"""Holds servers in a process of its own, as one that can be killed; prints where they are."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path

from service.local.servers import local_servers


async def main() -> None:
    """Until killed."""
    async with local_servers(Path(sys.argv[1]), lambda _: None) as endpoints:
        sys.stdout.write(json.dumps(asdict(endpoints)) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
