"""Ask a customer about their visit, and find out whether the question has gone out."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from survey.eligibility import LeftOut
from survey.errors import AlreadyAnswered, AlreadyAsked, HasStopped, NoConsent, NotAsked, NotFound
from survey.ports import Clock, Visits
from survey.survey import Survey
from survey.usecases.ask_about import AskAbout
from survey.visits import ANEW, Progress, Visit

Words = Callable[[Visit], Awaitable[str]]
"""Finds what is said above the question; it never fails, and may say nothing."""


async def no_words(_visit: Visit) -> str:
    """The question stands for itself."""
    return ""


@dataclass(frozen=True, kw_only=True)
class TriggerSurvey:
    """One question a visit; consent is looked at here, and again when the message goes out.

    Attributes:
        survey: The one that asks about visits.
        knock: Wakes whoever sends.
        words: What is said above the question.
    """

    visits: Visits
    ask_about: AskAbout
    clock: Clock
    survey: Survey
    knock: Callable[[], None]
    words: Words = no_words

    async def __call__(self, visit_id: int) -> Progress:
        """Plan the question.

        Raises:
            NotFound: If there is no such visit.
            NoConsent: If they did not say that they may be asked.
            HasStopped: If they have said since that they want no such questions.
            AlreadyAnswered: If they have answered.
            AlreadyAsked: If the question has gone out, or is about to.
            NotAsked: If the rules leave them out for another reason.
            InvitationClosed: If the survey is being closed at this moment.
            StorageUnavailable: If the database did not take it.
        """
        visit = await self._visit(visit_id)
        if not visit.email_consent:
            raise NoConsent
        _not_yet(visit.progress)
        occasion = visit.occasion(invitation=await self.words(visit))
        outcome = (await self.ask_about(self.survey, [occasion]))[occasion.key]
        if isinstance(outcome, LeftOut) and outcome is not LeftOut.ALREADY_ASKED:
            if outcome is LeftOut.OPTED_OUT:
                raise HasStopped(self.survey.name)
            raise NotAsked(outcome.value)
        await self.visits.asked(visit_id, key=occasion.key, survey=self.survey.name)
        if isinstance(outcome, LeftOut):  # by another call at this very moment
            raise AlreadyAsked
        self.knock()
        return await self.progress(visit_id)

    async def progress(self, visit_id: int) -> Progress:
        """How far it has come.

        Raises:
            NotFound: If there is no such visit, or nobody was asked about it.
        """
        found = (await self._visit(visit_id)).progress
        if found is None:
            raise NotFound(f"Nobody was asked about visit {visit_id}.")
        return found

    async def _visit(self, visit_id: int) -> Visit:
        found = await self.visits.one(visit_id, survey=self.survey.name)
        if found is None:
            raise NotFound(f"There is no visit {visit_id}.")
        return found


def _not_yet(progress: Progress | None) -> None:
    if progress is None or progress.state in ANEW:
        return
    if progress.answered:
        raise AlreadyAnswered("They have answered already.")
    raise AlreadyAsked
