"""A page of one's own: composed here, rendered by a platform that has a place for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.commands.asker import Asker
from bot.commands.oversight import ACTIONS_OF_BUTTONS, UNNOTED, Oversight
from survey.campaign import Campaign
from survey.card import Act, Card, Subject
from survey.home import Home, Part
from survey.language import Languages
from survey.person import Address
from survey.ports import Answers, Clock, People, Rights, Rounds
from survey.states import OPEN_CAMPAIGN, CampaignState
from survey.usecases.compose_card import ComposeCard
from survey.usecases.make_report import MakeReport
from survey.usecases.next_rounds import NextRounds
from survey.wording import home as wording
from survey.wording import refusals, rounds, ways_out

QUESTIONS_SHOWN = 8
"""How many questions have their buttons there."""
ANSWERS_SHOWN = 10
"""How many rounds that are over are told of, the latest first."""
OF_A_ROUND = frozenset({*ACTIONS_OF_BUTTONS, *UNNOTED})
"""What is pressed below a round's figures; everything else without a subject is a setting."""
_TOLD = {*OPEN_CAMPAIGN, CampaignState.CLOSING, CampaignState.CLOSED}


@dataclass(frozen=True, kw_only=True)
class Look:
    """Why somebody is shown their page, and what their last press on it has brought.

    What it brought stands where they pressed, until they are shown the page again.

    Attributes:
        act: What they pressed.
        subject: What that was about.
        update: What they pressed turns into this.
        said: What was answered beside it.
    """

    act: Act | None = None
    subject: Subject | None = None
    update: Card | None = None
    said: tuple[Card, ...] = ()

    @property
    def brought(self) -> tuple[Card, ...]:
        """All of it, in order."""
        return (*(() if self.update is None else (self.update,)), *self.said)

    @property
    def of_a_round(self) -> bool:
        """Whether it is about a round as administrators see it."""
        return self.subject is None and self.act in OF_A_ROUND

    @property
    def of_settings(self) -> bool:
        """Whether it is about what somebody chose for themselves."""
        return self.subject is None and not self.of_a_round


UNPRESSED = Look()
"""They have come to it, or something has changed that they did elsewhere."""


@dataclass(frozen=True, kw_only=True)
class Homes:
    """What each person sees of us when they look for it themselves.

    Attributes:
        spoken: The languages that can be chosen, each with its own name for itself, by their codes.
        knock: Wakes up a sweep by its name, so that nobody waits for its time.
    """

    people: People
    answers: Answers
    rights: Rights
    rounds: Rounds
    compose: ComposeCard
    report: MakeReport
    next_rounds: NextRounds
    oversight: Oversight
    languages: Languages
    spoken: Mapping[str, str]
    clock: Clock
    knock: Callable[[str], None]

    async def __call__(self, address: Address, look: Look = UNPRESSED) -> Home:
        """The page as it is now.

        Raises:
            StorageUnavailable: If the database does not answer, or a look can't be noted.
        """
        person = await self.people.by_address(address)
        if person is None:
            self.knock("tie")  # perhaps the chat has them since a moment ago
            stranger = Card(headline=refusals.unknown_person(self.languages("en")))
            return Home(parts=(Part(cards=(stranger,)),))
        asker = Asker(person=person, by=address, language=self.languages(person.locale))
        parts = (
            await self._questions(asker, look),
            await self._of_the_round(asker, look),
            *await self._about_them(asker, look),
        )
        return Home(parts=tuple(part for part in parts if part is not None))

    async def _questions(self, asker: Asker, look: Look) -> Part:
        language, now = asker.language, self.clock()
        waiting = await self.answers.open_for(asker.person, at=now)
        cards: list[Card] = []
        pressed = False
        for one in waiting[:QUESTIONS_SHOWN]:
            card = await self.compose(one)
            this = look.subject is not None and look.subject == card.subject
            if this and look.update is not None:
                card = look.update
            cards.append(wording.on_the_page(card, one, language, now=now))
            cards += look.said if this else ()
            pressed |= this
        if look.subject is not None and not pressed:
            # It takes no answer any more: what came of it is said once.
            cards = [*look.brought, *cards]
        if not cards:
            cards = [Card(headline=ways_out.nothing_open(language))]
        if len(waiting) > QUESTIONS_SHOWN:
            cards.append(wording.more_questions(len(waiting) - QUESTIONS_SHOWN, language))
        return Part(heading=wording.your_questions(language), cards=tuple(cards))

    async def _about_them(self, asker: Asker, look: Look) -> Sequence[Part]:
        language, person = asker.language, asker.person
        standing = await self.rights.standing(person, at=self.clock(), latest=ANSWERS_SHOWN)
        settings = wording.settings_card(standing, person, self.spoken, language)
        parts = [
            Part(
                heading=wording.your_settings(language),
                cards=(settings, *(look.brought if look.of_settings else ())),
            )
        ]
        if standing.answered:
            answers = wording.answers_card(standing.answered, person, language)
            parts.append(Part(heading=wording.your_answers(language), cards=(answers,)))
        return parts

    async def _of_the_round(self, asker: Asker, look: Look) -> Part | None:
        """For administrators alone; whenever they are shown figures, that is noted before."""
        language = asker.language
        said = look.brought if look.of_a_round else ()
        heading = wording.for_administrators(language)
        if not await self.oversight.admits(asker):  # what was refused to them is said
            return Part(heading=heading, cards=said) if said else None
        told = [one for one in await self.rounds.all() if one.state in _TOLD]
        if not told:
            nothing = Card(headline=rounds.nothing_running(language, self.next_rounds()))
            return Part(heading=heading, cards=(nothing, *said))
        going = [one for one in told if one.state in OPEN_CAMPAIGN]
        # What asks all the time must not hide the round that somebody is waiting for.
        shown = min(going or told, key=lambda one: one.rolls)
        await self.oversight.looked(asker, shown.name)
        card, chart = await self._figures(
            asker, shown, others=[one.name for one in going if one is not shown]
        )
        if look.of_a_round and look.update is not None:  # asked before anything is done
            card = wording.without_buttons(card)
        return Part(heading=heading, cards=(card, *said), chart=chart)

    async def _figures(
        self, asker: Asker, shown: Campaign, *, others: Sequence[str]
    ) -> tuple[Card, tuple[str, ...]]:
        language = asker.language
        made = await self.report(shown.survey.name, shown.period)
        status = None
        beside = wording.several_open(others, language) if others else None
        if shown.state in OPEN_CAMPAIGN:
            accounts = (await self.rounds.accounts([shown]))[shown.id]
            answered = made.participation.answered
            zone = asker.person.zone
            status = rounds.status(shown, accounts, answered, language, zone=zone)
        else:
            beside = Card(headline=rounds.nothing_running(language, self.next_rounds()))
        card = wording.round_card(made, status, beside, language)
        if made.distribution is None or not made.distribution.n:
            return card, ()
        return card, wording.bars(made.distribution, language)
