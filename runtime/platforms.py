"""What every chat, and e-mail, is to the rest: something that goes out, something that comes in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from starlette.types import ASGIApp

from bot.desk import Desk
from bot.home import Homes
from runtime.tying import Tying
from scheduler.knocker import Sweep
from survey.delivery import Method, Pace
from survey.language import Languages
from survey.messenger import Messenger
from survey.ports import AuditLog, Heard, Messages, People


@dataclass(frozen=True, kw_only=True)
class Inside:
    """What a platform needs of us to answer.

    Attributes:
        homes: What people see who come to us, where it has a place for that.
    """

    desk: Desk
    homes: Homes
    audit: AuditLog
    people: People
    messages: Messages
    heard: Heard
    languages: Languages


class Answering(Protocol):
    """What comes in from one platform."""

    @property
    def app(self) -> ASGIApp:
        """Where it calls us, below its name."""
        ...

    async def listen(self, leads: Callable[[], bool]) -> None:
        """Hear what people write until cancelled; then finish what was begun.

        Args:
            leads: Whether this process is the one that listens, where only one may.
        """
        ...


class Platform(Protocol):
    """One platform, with our account on it; nothing is called before it is needed."""

    @property
    def messenger(self) -> Messenger:
        """What goes out."""
        ...

    @property
    def tying(self) -> Tying:
        """Who on the roster is who there."""
        ...

    def sweeps(self) -> Sequence[Sweep]:
        """What one process does for all, now and again."""
        ...

    def answering(self, inside: Inside) -> Answering:
        """What comes in."""
        ...

    async def close(self) -> None:
        """Let go of the connections; they are opened again when they are needed."""
        ...


def paces_of(messengers: Mapping[str, Messenger]) -> Mapping[tuple[str, Method], Pace]:
    """How fast each platform is used, by its name and what is done on it."""
    return {
        (platform, method): pace
        for platform, messenger in messengers.items()
        for method, pace in messenger.paces.items()
    }
