"""Somebody's page of their own, pressed on as on a platform that has one."""

from dataclasses import dataclass, field

from bot.home import UNPRESSED, Homes, Look
from bot.interactions import Pressed
from runtime.languages import language
from survey.card import Button, Card
from survey.home import Home, Part
from survey.person import Person
from tests.chat import SPOKEN, Chat
from tests.examples import address
from tests.fakes import FakeAnswers, FakePeople, FakeRounds
from tests.fakes_rights import FakeRights
from tests.goldens import shown


def homes_of(chat: Chat) -> Homes:
    """As the wiring makes them, on the fakes of a chat."""
    commands, store = chat.desk.commands, chat.store
    return Homes(
        people=FakePeople(store),
        answers=FakeAnswers(store),
        rights=FakeRights(store),
        rounds=FakeRounds(store),
        compose=chat.desk.compose,
        report=commands.figures.report,
        next_rounds=commands.oversight.choice.next_rounds,
        oversight=commands.oversight,
        languages=language,
        spoken=SPOKEN,
        clock=chat.clock,
        knock=chat.knocks.append,
    )


@dataclass
class Visit:
    """One person at their page.

    Attributes:
        home: As it was shown last.
    """

    chat: Chat
    homes: Homes
    me: Person
    home: Home = field(default_factory=lambda: Home(parts=()))

    async def open(self) -> Home:
        """Come to it."""
        self.home = await self.homes(address(self.me), UNPRESSED)
        return self.home

    async def press(self, label: str, *, heading: str = "") -> Home:
        """Press the first button that says this, below a heading if one is named."""
        card, button = next(
            (card, button)
            for part in self.home.parts
            if heading in {"", part.heading}
            for card in part.cards
            for button in card.buttons
            if button.label == label
        )
        reply = await self.chat.desk(self._pressed(card, button))
        told = () if reply.private is None else (reply.private,)
        look = Look(act=button.act, subject=card.subject, update=reply.update, said=told)
        self.home = await self.homes(address(self.me), look)
        return self.home

    def _pressed(self, card: Card, button: Button) -> Pressed:
        return Pressed(
            by=address(self.me),
            act=button.act,
            value=button.value,
            subject=card.subject,
            at=self.chat.clock(),
        )

    def part(self, heading: str) -> Part:
        """What stands below a heading."""
        (found,) = [part for part in self.home.parts if part.heading == heading]
        return found

    @property
    def text(self) -> str:
        """All of it."""
        return "\n\n".join(_text(part) for part in self.home.parts)

    def labels(self, heading: str) -> list[str]:
        """What can be pressed below a heading."""
        return [button.label for card in self.part(heading).cards for button in card.buttons]


def _text(part: Part) -> str:
    rows = [f"# {part.heading}"] if part.heading else []
    for card in part.cards:
        rows.append(shown(card).replace("****\n", ""))
        if card is part.cards[0]:
            rows += [f"    {row}" for row in part.chart]
    return "\n".join(rows)


def visit(chat: Chat, me: Person) -> Visit:
    """Nobody has come yet."""
    return Visit(chat=chat, homes=homes_of(chat), me=me)
