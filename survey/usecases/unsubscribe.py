"""No more mails: by one click of a mail program, or by the page that asks which."""

from dataclasses import dataclass
from datetime import datetime

from survey.comment import clean
from survey.consent import REASON_LIMIT, How
from survey.errors import LinkNotValid, OutOfDate
from survey.invitation import Invitation
from survey.ports import Answers, Link, People, Press
from survey.rights import Lifted


@dataclass(frozen=True, kw_only=True)
class Unsubscribe:
    """Whoever holds the link may stop what its mail came from, however old the link is.

    Every method raises `LinkNotValid` if there is no such invitation (any more), and
    `StorageUnavailable` if the database did not take it.
    """

    answers: Answers
    people: People

    async def __call__(
        self, link: Link, *, everything: bool, how: How, at: datetime, reason: str = ""
    ) -> Invitation:
        """Stop; twice has the effect of once.

        Args:
            link: Of which mail.
            everything: Every survey, or the one of that mail.
            how: By which way.
            at: When.
            reason: In their own words. What is beyond 500 characters is cut: nobody is kept here
                by a sentence that is too long.

        Returns:
            The invitation whose mail it was, as it stood before.
        """
        found = await self._asked(link, at)
        survey = None if everything else found.campaign.survey.name
        words = clean(reason)[:REASON_LIMIT]
        await self.people.opt_out(found.person, survey=survey, at=at, how=how, reason=words)
        return found

    async def again(self, link: Link, *, everything: bool, at: datetime) -> Lifted:
        """Ask them again, as if they had not stopped that."""
        found = await self._asked(link, at)
        survey = None if everything else found.campaign.survey.name
        return await self.people.opt_in(found.person, survey=survey, at=at, how=How.PAGE)

    async def _asked(self, link: Link, at: datetime) -> Invitation:
        try:
            return await self.answers.show(Press(subject=link.subject, by=None, at=at))
        except OutOfDate:
            raise LinkNotValid from None
