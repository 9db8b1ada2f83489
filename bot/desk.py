"""The desk: an interaction comes in from any platform, a reply goes back."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import structlog

from bot.commands import Commands
from bot.follow_ups import LOOKS_AFTER, FollowUpDesk
from bot.interactions import CommandTyped, DialogSubmitted, Interaction, Pressed, Said
from survey.card import Act, Card, Reply
from survey.comment import Comment
from survey.contact import NO_LIMITS, ContactPolicy
from survey.delivery import ask_again
from survey.errors import (
    CommentTooLong,
    InvalidScore,
    InvitationClosed,
    NotYours,
    OutOfDate,
    StorageUnavailable,
    VoxpopError,
)
from survey.invitation import Invitation
from survey.language import Language, Languages
from survey.localtime import year_start
from survey.person import Address, Administrators, Person
from survey.ports import Answers, Clock, People, Press
from survey.states import COUNTED
from survey.survey import Answers as AnswerRule
from survey.usecases.compose_card import ComposeCard
from survey.wording import asked, refusals, ways_out

log = structlog.get_logger()
ALERTS = "alerts"
"""The sweep that looks for low marks."""
_REASON_FIELD = "comment"
_DAYS_LATER = {"": 1, "3": 3, "7": 7}


def nobody_wakes(_sweep: str) -> None:
    """Where no sweeps run: whoever runs them looks in time."""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Everything that people do with a message, and the commands beside it.

    Attributes:
        zone: The organisation's.
        policy: How often anybody is asked.
        declines: Keeps that somebody does not want this question this time: the invitation is
            declined with it, in one transaction. None where no question has that button.
        follow_ups: Looks after low marks; None where nobody does.
        knock: Wakes up a sweep by its name, so that nobody waits for its time.
    """

    answers: Answers
    people: People
    commands: Commands
    compose: ComposeCard
    administrators: Administrators
    languages: Languages
    clock: Clock
    zone: ZoneInfo
    policy: ContactPolicy = NO_LIMITS
    declines: Callable[[Invitation], Awaitable[None]] | None = None
    follow_ups: FollowUpDesk | None = None
    knock: Callable[[str], None] = nobody_wakes

    async def __call__(self, interaction: Interaction) -> Reply:
        """Answer; what is refused becomes a sentence, and nothing is half-written."""
        try:
            match interaction:
                case Pressed():
                    return await self._pressed(interaction)
                case DialogSubmitted():
                    return await self._submitted(interaction)
                case Said():
                    return await self._said(interaction)
                case CommandTyped():
                    return await self.commands(interaction)
        except VoxpopError as error:
            return await self.refuse(error, interaction)
        except Exception:
            log.exception("interaction_broke", interaction=type(interaction).__name__)
            english = self.languages("en")
            return Reply(private=Card(headline=refusals.unforeseen(english)))

    async def _pressed(self, pressed: Pressed) -> Reply:
        if pressed.subject is None:
            return await self.commands.pressed(pressed)
        if pressed.act in LOOKS_AFTER and self.follow_ups is not None:
            return await self.follow_ups.pressed(pressed, pressed.subject)
        press = Press(
            subject=pressed.subject, by=pressed.by, at=pressed.at, message=pressed.message
        )
        acts: dict[Act, Callable[[Press, str], Awaitable[Reply]]] = {
            Act.SCORE: self._score,
            Act.UNDO: self._undo,
            Act.CHANGE: self._change,
            Act.REASON: self._reason,
            Act.LATER: self._later,
            Act.WHY: self._why,
            Act.STOP: self._stop,
            Act.STOP_ALL: self._stop_all,
            Act.STOP_THIS: self._stop_this,
            Act.KEEP: self._keep,
            Act.DECLINE: self._decline,
        }
        if pressed.act not in acts:
            raise OutOfDate("That button does nothing here.")
        return await acts[pressed.act](press, pressed.value)

    async def _score(self, press: Press, value: str) -> Reply:
        try:
            score = int(value)
        except ValueError as error:
            raise InvalidScore(f"{value!r} is no score.") from error
        recorded = await self.answers.record(press, score)
        if recorded.alerts:
            self.knock(ALERTS)
        if recorded.response.score is None:  # an undo that came later stands
            return Reply(update=await self.compose(recorded))
        return _changed(recorded, asked.answered(recorded, self._language(recorded.person)))

    async def _undo(self, press: Press, _value: str) -> Reply:
        undone = await self.answers.undo(press)
        if undone.response.score is not None:  # a press that came later stands
            return Reply(update=await self.compose(undone))
        return _changed(
            undone, asked.undone(undone, self._language(undone.person), now=self.clock())
        )

    async def _change(self, press: Press, _value: str) -> Reply:
        found = await self._open(press)
        if found.campaign.survey.answers is AnswerRule.ONCE:
            return Reply(update=await self.compose(found))
        return _changed(
            found, asked.changing(found, self._language(found.person), now=self.clock())
        )

    async def _reason(self, press: Press, _value: str) -> Reply:
        found = await self._open(press)
        return Reply(dialog=asked.reason_dialog(found, self._language(found.person)))

    async def _later(self, press: Press, value: str) -> Reply:
        found = await self._open(press)
        language, now = self._language(found.person), self.clock()
        if found.state in COUNTED:
            return Reply(update=await self.compose(found))
        if value not in _DAYS_LATER:
            raise OutOfDate("That button does nothing here.")
        due_at = ask_again(found, days=_DAYS_LATER[value], at=now)
        if due_at >= found.campaign.closes_at:
            return Reply(private=ways_out.too_late_for_later(found, language, now=now))
        await self.answers.ask_later(press, due_at=due_at)
        return _changed(found, ways_out.later(found, due_at, language, now=now))

    async def _why(self, press: Press, _value: str) -> Reply:
        found = await self.answers.show(press)
        asking = found.campaign
        if found.about is not None:  # what came before it counts, however long the campaign runs
            asking = replace(asking, started_at=found.about.happened_at)
        year_from = year_start(asking.started_at, self.zone)
        ledger = await self.people.ledger(found.person, asking, year_from=year_from)
        return Reply(
            private=ways_out.why_me(
                found,
                self.administrators,
                self._language(found.person),
                ledger=ledger,
                policy=self.policy,
                now=self.clock(),
            )
        )

    async def _stop(self, press: Press, _value: str) -> Reply:
        found = await self.answers.show(press)
        return _changed(found, ways_out.stopping(found, self._language(found.person)))

    async def _stop_all(self, press: Press, _value: str) -> Reply:
        found = await self.answers.show(press)
        await self.people.opt_out(found.person, survey=None, at=self.clock(), message=press.message)
        return _changed(found, ways_out.stopped(None, self._language(found.person)))

    async def _stop_this(self, press: Press, _value: str) -> Reply:
        found = await self.answers.show(press)
        survey = found.campaign.survey
        await self.people.opt_out(
            found.person, survey=survey.name, at=self.clock(), message=press.message
        )
        return _changed(found, ways_out.stopped(survey, self._language(found.person)))

    async def _decline(self, press: Press, _value: str) -> Reply:
        found = await self._open(press)
        if found.state in COUNTED:
            return Reply(update=await self.compose(found))
        if self.declines is None or not asked.can_decline(found.campaign.survey):
            raise OutOfDate("That button does nothing here.")
        await self.declines(found)
        found = await self.answers.show(press)
        if found.state in COUNTED:  # an answer came first
            return Reply(update=await self.compose(found))
        return _changed(found, ways_out.not_now(self._language(found.person)))

    async def _keep(self, press: Press, _value: str) -> Reply:
        return Reply(update=await self.compose(await self.answers.show(press)))

    async def _submitted(self, submitted: DialogSubmitted) -> Reply:
        if submitted.act is Act.NOTE and self.follow_ups is not None:
            return await self.follow_ups.submitted(submitted)
        press = Press(
            subject=submitted.subject,
            by=submitted.by,
            at=submitted.at,
            message=submitted.message,
            event=submitted.event,
        )
        if submitted.act is not Act.REASON:
            raise OutOfDate("That form is not known here.")
        person = await self._known(submitted.by)
        language = self.languages("en" if person is None else person.locale)
        try:
            comment = Comment(submitted.values.get(_REASON_FIELD, ""))
            commented = await self.answers.comment(press, comment)
        except (NotYours, OutOfDate, InvitationClosed):
            raise
        except VoxpopError as error:
            return Reply(errors={_REASON_FIELD: refusals.of_a_form(error, language)})
        if commented.response.comment != comment.text:  # the form's first sending stands
            editable = commented.response.score is not None
            sentence = refusals.sent_before(language, editable=editable)
            return Reply(errors={_REASON_FIELD: sentence})
        update = await self.compose(commented)
        if commented.response.score is None:
            kept = asked.comment_before_score(language)
            return Reply(update=update, private=Card(headline=kept))
        return Reply(update=update)

    async def _said(self, said: Said) -> Reply:
        person = await self.people.by_address(said.by)
        if person is None:
            return Reply(private=Card(headline=refusals.unknown_person(self.languages("en"))))
        language = self._language(person)
        subject = said.subject
        if subject is None and said.in_thread:
            return Reply(private=Card(headline=ways_out.no_question_here(language)))
        if subject is None:
            waiting = await self.answers.open_for(person, at=said.at)
            if not waiting:
                return Reply(private=Card(headline=ways_out.nothing_open(language)))
            if len(waiting) > 1:
                return Reply(private=Card(headline=ways_out.which_thread(language)))
            subject = asked.subject_of(waiting[0])
        press = Press(
            subject=subject, by=said.by, at=said.at, message=said.message, event=said.event
        )
        commented = await self.answers.comment(press, Comment(said.text), added=True)
        if commented.response.score is None:
            return Reply(thread=asked.comment_before_score(language))
        return Reply(
            update=await self.compose(commented),
            thread=asked.reason_kept(commented.campaign.survey, language),
        )

    async def _open(self, press: Press) -> Invitation:
        found = await self.answers.show(press)
        if not found.campaign.takes_answers(press.at):
            raise InvitationClosed(f"{found.campaign.name} no longer takes answers.")
        return found

    async def refuse(self, error: VoxpopError, interaction: Interaction) -> Reply:
        """A sentence; and the message as it should look by now, where it is theirs.

        A form stays open with it: what was written there is not to be lost.
        """
        is_form = isinstance(interaction, DialogSubmitted)
        tell = refusals.of_a_form if is_form else refusals.refusal
        person = None
        update = None
        if not isinstance(error, StorageUnavailable):
            person = await self._known(interaction.by)
        language = self.languages("en" if person is None else person.locale)
        sentence = tell(error, language)
        if isinstance(error, StorageUnavailable) and isinstance(interaction, CommandTyped):
            sentence = refusals.try_again(language)
        subject = None if isinstance(interaction, CommandTyped) else interaction.subject
        if isinstance(interaction, Pressed | DialogSubmitted) and interaction.act in LOOKS_AFTER:
            subject = None  # what was pressed is an alert, and their own card is none
        if person is not None and subject is not None and not isinstance(error, NotYours):
            press = Press(subject=subject, by=interaction.by, at=interaction.at)
            try:
                found = await self.answers.show(press)
                update = await self.compose(found)
                if isinstance(error, CommentTooLong):  # the first to refuse knows no survey
                    limit = found.campaign.survey.comment_limit
                    sentence = tell(CommentTooLong(length=error.length, limit=limit), language)
                stale = isinstance(error, InvitationClosed | OutOfDate)
                if isinstance(error, InvitationClosed) and found.campaign.takes_answers(
                    interaction.at
                ):  # it was taken away from this person alone
                    sentence = tell(OutOfDate("taken away"), language)
                if stale and not found.campaign.takes_answers(interaction.at):
                    sentence = refusals.closed_on(found.campaign, found.person.zone, language)
            except VoxpopError:
                update = None
        if is_form:
            return Reply(update=update, errors={_REASON_FIELD: sentence})
        return Reply(update=update, private=Card(headline=sentence))

    async def _known(self, address: Address) -> Person | None:
        try:
            return await self.people.by_address(address)
        except StorageUnavailable:
            return None

    def _language(self, person: Person) -> Language:
        return self.languages(person.locale)


def _changed(invitation: Invitation, card: Card) -> Reply:
    """The message about an invitation turns into this card."""
    return Reply(update=asked.about(invitation, card))
