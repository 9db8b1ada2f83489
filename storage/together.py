"""Group commit: what many write down at about the same time is written in one transaction."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from sqlalchemy.exc import IntegrityError

from storage.troubles import Contended

Item = TypeVar("Item")
Result = TypeVar("Result")


class Together(Generic[Item, Result]):
    """Calls that are made together; each caller waits for its own result.

    Args:
        make: Makes them all, in one transaction; a result each, in their order.
        linger: How long a call waits for others (seconds).
        most: With so many it waits no longer.
    """

    def __init__(
        self,
        make: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        *,
        linger: float,
        most: int,
    ) -> None:
        self._make = make
        self._linger = linger
        self._most = most
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._now = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __call__(self, item: Item, *, more: bool) -> Result:
        """Make this call; its result.

        Args:
            item: What it is about.
            more: Whether others are expected soon, and worth waiting for.

        Raises:
            Exception: What `make` raised.
        """
        loop = asyncio.get_running_loop()
        made: asyncio.Future[Result] = loop.create_future()
        self._waiting.append((item, made))
        if self._task is None or self._task.done():
            # A task of its own: one caller that is cut off takes nothing from the others.
            self._now = asyncio.Event()
            self._task = loop.create_task(self._run())
        if not more or len(self._waiting) >= self._most:
            self._now.set()
        return await made

    async def _run(self) -> None:
        while self._waiting:
            try:
                async with asyncio.timeout(self._linger):
                    await self._now.wait()
            except TimeoutError:
                pass
            self._now.clear()
            group, self._waiting = self._waiting, []
            try:
                await self._settle(group)
            finally:
                for _, made in group:
                    made.cancel()  # those without an outcome: we were cut off

    async def _settle(self, group: Sequence[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._make([item for item, _ in group])
        except (IntegrityError, Contended) as error:
            if len(group) > 1:
                # One of them is to blame, and the others need not suffer for it.
                for one in group:
                    await self._settle([one])
            else:
                _fail(group, error)
        except Exception as error:  # noqa: BLE001 - whoever waits gets it
            _fail(group, error)
        else:
            for (_, made), result in zip(group, results, strict=True):
                if not made.done():
                    made.set_result(result)


def _fail(group: Sequence[tuple[Item, asyncio.Future[Result]]], error: Exception) -> None:
    for _, made in group:
        if not made.done():
            made.set_exception(error)
