"""The message in a channel about a low mark, as it stands at this moment."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from survey.card import Card
from survey.errors import NotFound
from survey.follow_ups import FollowUp
from survey.invitation import Invitation
from survey.language import Language
from survey.ports import Clock, FollowUps
from survey.wording import follow_ups as wording


@dataclass(frozen=True, kw_only=True)
class ComposeAlert:
    """One low mark, one card; never the card of the person who gave it.

    Attributes:
        language: The team's.
        zone: The organisation's.
    """

    follow_ups: FollowUps
    language: Language
    zone: ZoneInfo
    clock: Clock

    async def __call__(self, invitation: Invitation) -> Card:
        """The alert about an answer.

        Raises:
            StorageUnavailable: If the database does not answer.
        """
        try:
            return self.of(await self.follow_ups.show(invitation.id))
        except NotFound:
            return wording.gone(self.language)

    def of(self, found: FollowUp) -> Card:
        """The same of what was read already."""
        return wording.alert(found, self.language, zone=self.zone, now=self.clock())
