"""Commands that run rounds: preview, start, pause, resume, remind, close, status."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.commands.asker import Asker, Handler, PressHandler, of_round, said
from bot.commands.choice import Choice
from bot.grammar import Command, Word
from survey.campaign import Campaign
from survey.card import Act, Reply
from survey.errors import NoReminder, UnknownPeople, WhyNoReminder
from survey.person import Person
from survey.ports import Clock, Figures, People, Rounds
from survey.states import CampaignState
from survey.usecases.close_campaign import CloseCampaign
from survey.usecases.remind import Remind
from survey.usecases.start_campaign import StartCampaign
from survey.wording import home, previews, refusals, reminding, rounds

PREVIEW_HOLDS = timedelta(hours=1)
"""How long the button below a preview starts what was seen."""


@dataclass(frozen=True, kw_only=True)
class RoundCommands:
    """For administrators.

    Attributes:
        knock: Wakes up a sweep by its name, so that nobody waits for its time.
    """

    choice: Choice
    people: People
    rounds: Rounds
    figures: Figures
    start: StartCampaign
    close: CloseCampaign
    remind: Remind
    clock: Clock
    knock: Callable[[str], None]

    @property
    def handlers(self) -> Mapping[Word, Handler]:
        """By the word that is typed."""
        return {
            Word.STATUS: self._status,
            Word.PREVIEW: self._preview,
            Word.START: self._preview,
            Word.PAUSE: self._pause,
            Word.RESUME: self._resume,
            Word.REMIND: self._remind,
            Word.CLOSE: self._close,
        }

    @property
    def acts(self) -> Mapping[Act, PressHandler]:
        """By the button that is pressed."""
        return {
            Act.START: self._start,
            Act.SEE_WHO: self._see_who,
            Act.CANCEL: self._cancel,
            Act.ASK: self._ask,
            Act.REMIND: of_round(self._remind, Word.REMIND),
            Act.PAUSE: of_round(self._pause, Word.PAUSE),
            Act.RESUME: of_round(self._resume, Word.RESUME),
            Act.CLOSE: of_round(self._close, Word.CLOSE),
            Act.NOT_NOW: self._not_now,
        }

    async def _status(self, asker: Asker, command: Command) -> Reply:
        campaign = await self.choice.open_round(command, asker.language)
        accounts = (await self.rounds.accounts([campaign]))[campaign.id]
        told = await self.figures.participation(campaign)
        return Reply(
            private=rounds.status(
                campaign, accounts, told.answered, asker.language, zone=asker.person.zone
            )
        )

    async def _preview(self, asker: Asker, command: Command) -> Reply:
        name = self.choice.survey(command, asker.language)
        if command.word is Word.START:
            await self.start.require_none_open(name)
        plan = await self.start.plan(name, to=command.to)
        return Reply(
            private=previews.preview(
                plan,
                asker.language,
                value=" ".join([name, str(int(plan.starts_at.timestamp())), *sorted(command.to)]),
                zone=asker.person.zone,
                startable=command.word is Word.START,
            )
        )

    async def _see_who(self, asker: Asker, value: str) -> Reply:
        name, _, *to = value.split()
        plan = await self.start.plan(name, to=frozenset(to))
        return Reply(private=previews.who(plan, asker.language))

    async def _start(self, asker: Asker, value: str) -> Reply:
        name, seen_at, *to = value.split()
        seen = datetime.fromtimestamp(int(seen_at), UTC)
        rounds_since = [one for one in await self.rounds.all(name) if one.started_at >= seen]
        if rounds_since or self.clock() - seen > PREVIEW_HOLDS:
            return Reply(update=rounds.preview_is_old(asker.language))
        campaign = await self.start(name, to=frozenset(to))
        self.knock("send")
        return Reply(update=rounds.started(campaign, asker.language))

    async def _ask(self, asker: Asker, value: str) -> Reply:
        word, about = value.split(maxsplit=1)
        return Reply(update=home.asked_before(Act(word), about, asker.language))

    async def _not_now(self, _asker: Asker, _value: str) -> Reply:
        return Reply()

    async def _cancel(self, asker: Asker, _value: str) -> Reply:
        return Reply(update=rounds.cancelled(asker.language))

    async def _pause(self, asker: Asker, command: Command) -> Reply:
        campaign = await self.choice.open_round(command, asker.language)
        paused = await self.rounds.move(campaign, CampaignState.PAUSED)
        return Reply(private=rounds.paused(paused, asker.language))

    async def _resume(self, asker: Asker, command: Command) -> Reply:
        campaign = await self.choice.open_round(command, asker.language)
        running = await self.rounds.move(campaign, CampaignState.RUNNING)
        self.knock("send")
        return Reply(private=rounds.resumed(running, asker.language))

    async def _remind(self, asker: Asker, command: Command) -> Reply:
        if not command.to and not command.survey:
            planned = await self.remind.now()
            self.knock("send")
            return Reply(private=reminding.planned(planned, asker.language))
        campaign = await self.choice.open_round(command, asker.language)
        if not command.to:
            planned = await self.remind.now(campaign)
            self.knock("send")
            return Reply(private=reminding.planned(planned, asker.language))
        if len(command.to) > 1:
            return said(refusals.one_at_a_time(asker.language))
        found = await self.people.by_names(command.to)
        if not found:
            raise UnknownPeople(tuple(command.to))
        return await self._remind_one(asker, campaign, next(iter(found.values())))

    async def _remind_one(self, asker: Asker, campaign: Campaign, person: Person) -> Reply:
        """Where names stay apart from answers, the reply is the same whatever came of it."""
        gated = campaign.survey.gated
        try:
            reminder = await self.remind.person(campaign, person)
        except NoReminder as error:
            if not gated or error.why is WhyNoReminder.PAUSED:
                raise
            return Reply(private=reminding.perhaps(campaign, asker.language))
        self.knock("send")
        if gated:
            return Reply(private=reminding.perhaps(campaign, asker.language))
        moment = asker.language.moment(reminder.due_at, asker.person.zone, now=self.clock())
        return Reply(
            private=reminding.planned_for(person.name or person.email, moment, asker.language)
        )

    async def _close(self, asker: Asker, command: Command) -> Reply:
        campaign = await self.choice.open_round(command, asker.language)
        closing = await self.close(campaign)
        self.knock("close")
        return Reply(private=rounds.closing(closing, asker.language))
