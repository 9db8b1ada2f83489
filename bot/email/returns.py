"""What becomes of a mail that came back, whichever way we hear of it."""

from dataclasses import dataclass

import structlog

from bot.email.reports import Returned
from survey.ports import Clock, Suppressions

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Returns:
    """Takes in what came back, from reports and from providers alike."""

    suppressions: Suppressions
    clock: Clock

    async def __call__(self, returned: Returned) -> bool:
        """Write to the mailbox no more, if that is what it says; twice has the effect of once.

        Returns:
            Whether that was a mail of ours; of what passes by itself it is believed.

        Raises:
            StorageUnavailable: If the database did not take it.
        """
        told = log.bind(message=returned.name, cause=returned.cause.value, status=returned.status)
        if returned.soft:
            told.warning("message_came_back_once")
            return True
        known = await self.suppressions.returned(
            returned.name,
            returned.email,
            cause=returned.cause,
            reason=returned.reason,
            at=self.clock(),
        )
        if not known:
            told.info("message_came_back_unknown")
        return known
