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
        """The mail has not arrived; write to the mailbox no more, if that is what it says.

        Twice has the effect of once.

        Returns:
            Whether that was a mail of ours.

        Raises:
            StorageUnavailable: If the database did not take it.
        """
        told = log.bind(message=returned.name, cause=returned.cause.value, status=returned.status)
        known = await self.suppressions.returned(
            returned.name,
            returned.email,
            cause=returned.cause,
            reason=returned.reason,
            at=self.clock(),
            for_good=not returned.soft,
        )
        if not known:
            told.info("message_came_back_unknown")
        return known
