"""What people do about a low mark in the channel that was told of it."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.interactions import DialogSubmitted, Pressed
from survey.card import Act, Card, Reply, Subject
from survey.errors import AlreadyTaken, NotFound, OutOfDate, VoxpopError
from survey.follow_ups import FollowUp, FollowUpState
from survey.language import Language, Languages
from survey.person import Address, Person
from survey.ports import Clock, FollowUps, People
from survey.usecases.compose_alert import ComposeAlert
from survey.wording import follow_ups as wording
from survey.wording import refusals

LOOKS_AFTER = frozenset({Act.TAKE, Act.GIVE_BACK, Act.NOTE, Act.DONE})
"""Buttons of an alert: whoever sees it in its channel may press them, if we know who that is."""
_FIELD = "comment"


@dataclass(frozen=True, kw_only=True)
class FollowUpDesk:
    """Takes low marks, and gives them back. What it answers shows the alert, and nobody's card."""

    follow_ups: FollowUps
    alert: ComposeAlert
    people: People
    languages: Languages
    clock: Clock

    async def pressed(self, pressed: Pressed, subject: Subject) -> Reply:
        """A button of an alert."""
        person = await self._known(pressed.by)
        if person is None:
            return Reply(private=Card(headline=refusals.unknown_person(self.languages("en"))))
        language = self.languages(person.locale)
        try:
            if pressed.act is Act.NOTE:
                found = await self.follow_ups.show(subject.invitation_id)
                return Reply(dialog=wording.note_dialog(found, language))
            found = await self.follow_ups.change(
                subject.invitation_id,
                self._rule(pressed.act, person),
                at=self.clock(),
                message=pressed.message,
            )
        except NotFound:
            return Reply(
                update=wording.gone(self.alert.language),
                private=Card(headline=wording.nothing_there(language)),
            )
        except (AlreadyTaken, OutOfDate) as error:
            found = await self.follow_ups.show(subject.invitation_id)
            private = Card(headline=why_not(error, language))
            return Reply(update=self.alert.of(found), private=private)
        return Reply(update=self.alert.of(found))

    async def submitted(self, submitted: DialogSubmitted) -> Reply:
        """The form for a note comes back."""
        person = await self._known(submitted.by)
        if person is None:
            return Reply(errors={_FIELD: refusals.unknown_person(self.languages("en"))})
        language = self.languages(person.locale)
        words = submitted.values.get(_FIELD, "")
        try:
            found = await self.follow_ups.change(
                submitted.subject.invitation_id,
                lambda before: before.noted(words),
                at=self.clock(),
                message=submitted.message,
            )
        except NotFound:
            return Reply(errors={_FIELD: wording.nothing_there(language)})
        except VoxpopError as error:
            return Reply(errors={_FIELD: refusals.of_a_form(error, language)})
        return Reply(update=self.alert.of(found))

    def _rule(self, act: Act, person: Person) -> Callable[[FollowUp], FollowUp]:
        now = self.clock()
        match act:
            case Act.TAKE:
                return lambda found: found.taken(person, at=now)
            case Act.DONE:
                return lambda found: found.done(at=now)
            case _:
                return give_back

    async def _known(self, address: Address) -> Person | None:
        """Who that is, if they are on the roster."""
        person = await self.people.by_address(address)
        return person if person is not None and person.active else None


def give_back(found: FollowUp) -> FollowUp:
    """Nobody looks after it any more; what is done stays done, whoever presses an old button."""
    return found.given_back() if found.state is FollowUpState.TAKEN else found


def why_not(error: VoxpopError, language: Language) -> str:
    """Why it could not be taken."""
    if isinstance(error, AlreadyTaken):
        return wording.taken_by_somebody(error.by, language)
    return wording.done_before(language)
