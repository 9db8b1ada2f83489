"""Places at which a test process ends itself, as if it had been killed there."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from sqlalchemy import event

from runtime.wiring import Product

POINTS = (
    "messenger.send",
    "messenger.update",
    "messenger.find",
    "outbox.claim",
    "outbox.claim_unknown",
    "outbox.sent",
    "outbox.postponed",
    "outbox.unknown",
    "outbox.failed",
    "outbox.busy",
    "outbox.refused",
    "outbox.well",
    "answers.record",
    "rounds.start",
    "rounds.begin_closing",
    "rounds.finish",
    "figures.step",
    "statement",
    "commit",
)
"""Port calls, and what SQLAlchemy tells of: a statement that was run, a commit that is due."""


def die(*_: object, **__: object) -> NoReturn:
    """No handler, no flush, no goodbye."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("a process outlived SIGKILL")


@dataclass(kw_only=True)
class FailPoint:
    """Where the process ends.

    Attributes:
        point: One of `POINTS`.
        after: Whether the call has been made by then.
        call: At which call; 1 for the first.
    """

    point: str
    after: bool = False
    call: int = 1

    @classmethod
    def named(cls, text: str) -> "FailPoint":
        """`before:outbox.sent:3`, as the environment carries it."""
        when, point, call = text.split(":")
        assert when in {"before", "after"}
        assert point in POINTS, point
        return cls(point=point, after=when == "after", call=int(call))

    def met(self) -> bool:
        self.call -= 1
        return self.call == 0


class Deadly:
    """Anything, one of whose methods ends the process."""

    def __init__(self, inner: Any, method: str, fail: FailPoint) -> None:
        self._inner, self._method, self._fail = inner, method, fail

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return self._dying(found) if name == self._method else found

    def _dying(self, call: Callable[..., Any]) -> Callable[..., Any]:
        async def dying(*args: Any, **options: Any) -> Any:
            met = self._fail.met()
            if met and not self._fail.after:
                die()
            made = await call(*args, **options)
            if met:
                die()
            return made

        return dying


def mined(product: Product, fail: FailPoint) -> Product:
    """The product with this point in it."""
    port, _, method = fail.point.partition(".")

    def deadly(inner: Any) -> Any:
        return Deadly(inner, method, fail)

    match port:
        case "messenger":
            messengers = {name: deadly(one) for name, one in product.worker.messengers.items()}
            return replace(product, worker=replace(product.worker, messengers=messengers))
        case "outbox":
            return replace(
                product, worker=replace(product.worker, outbox=deadly(product.worker.outbox))
            )
        case "answers":
            return replace(product, answers=deadly(product.answers))
        case "rounds":
            rounds = deadly(product.rounds)
            return replace(
                product,
                start=replace(product.start, rounds=rounds),
                close=replace(product.close, rounds=rounds),
            )
        case "figures":
            return replace(
                product, close=replace(product.close, figures=deadly(product.close.figures))
            )
    _mine_database(product, fail)
    return product


def _mine_database(product: Product, fail: FailPoint) -> None:
    told = "commit" if fail.point == "commit" else "after_cursor_execute"

    def reached(*_: object) -> None:
        if fail.met():
            die()

    event.listen(product.database.engine.sync_engine, told, reached)
