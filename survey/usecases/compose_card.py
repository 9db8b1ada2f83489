"""What the message of an invitation says right now."""

from dataclasses import dataclass, replace

from survey.card import Card
from survey.contact import NO_LIMITS, ContactPolicy
from survey.invitation import Invitation
from survey.language import Languages
from survey.ports import Clock, Figures
from survey.states import InvitationState
from survey.wording import asked, mailed, reminding, ways_out

_OVER = frozenset({InvitationState.EXPIRED, InvitationState.WITHDRAWN})


@dataclass(frozen=True, kw_only=True)
class ComposeCard:
    """One invitation, one card: asked, answered, stopped or closed."""

    figures: Figures
    languages: Languages
    clock: Clock
    policy: ContactPolicy = NO_LIMITS

    async def __call__(
        self,
        invitation: Invitation,
        *,
        reminder: int | None = None,
        first: bool | None = None,
    ) -> Card:
        """The card in the person's language.

        Args:
            invitation: As it stands.
            reminder: Which reminder the message is; None for the question itself.
            first: Whether it is the first letter about the invitation; None where it goes out in a
                chat.
        """
        card = asked.about(
            invitation, await self._card(invitation, reminder, by_letter=first is not None)
        )
        if first is None:
            return card
        language = self.languages(invitation.person.locale)
        letter = mailed.letter(
            invitation,
            language,
            reminder=reminder,
            first=first,
            most=self.policy.max_reminders,
            now=self.clock(),
        )
        return replace(card, letter=letter)

    async def _card(self, invitation: Invitation, reminder: int | None, *, by_letter: bool) -> Card:
        language = self.languages(invitation.person.locale)
        now = self.clock()
        campaign = invitation.campaign
        if campaign.rolls and (not campaign.takes_answers(now) or invitation.state in _OVER):
            return ways_out.closed_by_itself(invitation, language)
        if not campaign.takes_answers(now):
            participation = await self.figures.participation(campaign)
            return ways_out.closed(invitation, participation, language)
        if invitation.response.score is not None:
            return asked.answered(invitation, language)
        match invitation.state:
            case InvitationState.OPTED_OUT:
                return ways_out.stopped(None, language)
            case InvitationState.DECLINED if asked.can_decline(campaign.survey):
                return ways_out.not_now(language)
            case InvitationState.DECLINED:
                return ways_out.stopped(campaign.survey, language)
            case _ if reminder is not None:
                told = await self.figures.participation(campaign)
                return reminding.reminder(
                    invitation,
                    reminder,
                    told,
                    language,
                    most=self.policy.max_reminders,
                    now=now,
                    by_letter=by_letter,
                )
            case _:
                return asked.asked(invitation, language, now=now)
