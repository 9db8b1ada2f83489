"""Publishes Home tabs."""

import asyncio
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from bot.home import UNPRESSED, Homes, Look
from bot.patience import patiently
from bot.sealing import Seal
from bot.slack.home import home_of
from bot.slack.voice import pause
from bot.slack.workspaces import Workspaces
from survey.person import Address


@dataclass(frozen=True, kw_only=True)
class HomeTabs:
    """What people see when they come to us.

    One after the other for each person, composed only when its turn has come: what is published
    last is what was true last.
    """

    homes: Homes
    workspaces: Workspaces
    seal: Seal
    _turns: WeakValueDictionary[Address, asyncio.Lock] = field(
        default_factory=WeakValueDictionary, init=False
    )

    async def __call__(self, to: Address, look: Look = UNPRESSED) -> None:
        """Publish somebody's tab as it is now.

        Raises:
            SlackSays: If Slack did not take it.
            PlatformRefuses: If there is no token for this workspace.
            StorageUnavailable: If the database does not answer.
        """
        turn = self._turns.get(to)
        if turn is None:
            turn = self._turns[to] = asyncio.Lock()
        async with turn:
            view = home_of(await self.homes(to, look), to=to, seal=self.seal)
            await patiently(
                lambda: self.workspaces.call(
                    to.workspace, "views.publish", user_id=to.user_id, view=view
                ),
                pause=pause,
            )
