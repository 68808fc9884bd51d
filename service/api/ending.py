"""Who still waits for an answer when the server ends is told so, and can ask another."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.problems import RETRY, problem


class AnsweredAtTheEnd:
    """Answers 503 in place of what the server cancels: by itself uvicorn says that the service failed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI has it."""
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except asyncio.CancelledError:
            if begun or scope["type"] != "http":
                raise
            told = problem(HTTPStatus.SERVICE_UNAVAILABLE, "This server is ending: ask again", headers=RETRY)
            await told(scope, receive, send)
