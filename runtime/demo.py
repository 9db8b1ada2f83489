"""The demo: a workspace with people, a past, and a round that is running."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.sandbox.chat import PLATFORM, WORKSPACE
from runtime.wiring import Product, put_together
from survey.campaign import Campaign
from survey.card import Subject
from survey.comment import Comment
from survey.delivery import Delivery, MessageRef
from survey.errors import InvalidValue
from survey.occasion import Occasion, Trigger
from survey.person import Address, Enrolment
from survey.ports import Press

ADMINISTRATOR = "ada@example.org"
ELSEWHERE = "elsewhere"
"""The workspace of the colleagues whose conversations the demo does not show."""
COLLEAGUES = 46
PAST_ROUNDS = 5

SETTINGS = """\
# Written by `voxpop demo`. Change it, or delete it together with voxpop.db to start over.
admins = ["ada@example.org"]
timezone = "Europe/Berlin"

[surveys.nps]
scale = "nps"
subject = "Acme"
mode = "confidential"
k = 5
owner = "the People team"
open_days = 14
rest_days = 60

# Asks by itself when a ticket was resolved; low marks go to a channel.
[surveys.ticket]
after = "tickets"
subject = "our help with your ticket"
owner = "Support"
"""

_NAMES = (
    "Ada Okafor",
    "Bruno Keller",
    "Chiara Ricci",
    "Dmitri Volkov",
    "Elif Yılmaz",
    "Farid Haddad",
    "Grace Chen",
    "Hana Novák",
    "Ines Duarte",
    "Jonas Berg",
    "Kavya Nair",
    "Liam O'Brien",
    "Maya Cohen",
    "Noah Williams",
    "Olu Adeyemi",
    "Priya Sharma",
)
_GIVEN = ("Quinn", "Rosa", "Sven", "Tara", "Umar", "Vera", "Wim", "Xenia", "Yuki", "Zoe")
_FAMILY = ("Andersen", "Bianchi", "Costa", "Dubois", "Eriksen")
_TEAMS = ("Platform", "Sales", "Support", "Design")
_SITES = ("Berlin", "Lisbon", "Toronto")
_ZONES = {"Berlin": "Europe/Berlin", "Lisbon": "Europe/Lisbon", "Toronto": "America/Toronto"}
_MOODS = (
    (0.9, (3, 4, 5, 6, 7, 7, 8, 8, 9, 10)),
    (0.8, (2, 4, 6, 6, 7, 8, 8, 9, 9, 10)),
    (0.9, (3, 5, 6, 7, 7, 8, 8, 9, 9, 10)),
    (0.9, (4, 5, 6, 7, 8, 8, 9, 9, 10, 10)),
    (0.95, (4, 6, 7, 7, 8, 9, 9, 9, 10, 10)),
)
_TICKETS = (
    ("My laptop does not wake up", "Hardware"),
    ("No access to the wiki", "Access"),
    ("Travel booking is stuck", "Travel"),
    ("VPN drops every hour", "Access"),
    ("A second monitor, please", "Hardware"),
)
_AGENTS = ("Sophie", "Tom", "Lucy")
_ASKED_NOW = slice(5, 7)
"""Who of those that are shown has a question about a ticket."""
_HELPED = (0.7, (3, 3, 4, 4, 4, 5, 5, 5, 5, 5))
_NOW = (0.55, (4, 6, 7, 8, 8, 9, 9, 9, 10, 10))
_COMMENTS = (
    "More time to finish what we start.",
    "The people. Honestly, the people.",
    "Fewer meetings on Thursdays, please.",
    "I finally understand where we are going.",
)


def write_settings(folder: Path) -> bool:
    """Leave settings to play with, if there are none; whether they were written."""
    path = folder / "voxpop.toml"
    if path.exists():
        return False
    path.write_text(SETTINGS, encoding="utf-8")
    return True


def roster(shown: int) -> list[Enrolment]:
    """The people whose conversations are shown, then their colleagues.

    Args:
        shown: At least 2.
    """
    names = [*_NAMES, *(f"{given} {family}" for family in _FAMILY for given in _GIVEN)]
    people = []
    for place in range(shown + COLLEAGUES):
        name = names[place] if place < len(names) else f"Guest {place - len(names) + 1}"
        workspace = WORKSPACE if place < shown else ELSEWHERE
        email = _email(name)
        site = _SITES[place % len(_SITES)]
        people.append(
            Enrolment(
                email=email,
                name=name,
                timezone=_ZONES[site],
                attributes={"team": _TEAMS[place // 2 % len(_TEAMS)], "site": site},
                addresses=(Address(platform=PLATFORM, workspace=workspace, user_id=email),),
            )
        )
    return people


def _email(name: str) -> str:
    plain = name.lower().replace("ı", "i").replace("á", "a").replace("'", "")
    return (
        f"{plain.split()[0]}@example.org"
        if name in _NAMES
        else f"{plain.replace(' ', '.')}@example.org"
    )


@dataclass
class _Past:
    """A clock that the past is told with."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at


async def seed(product: Product, *, shown: int) -> None:
    """Fill an empty workspace; one that the demo has filled before is left as it is.

    Raises:
        InvalidValue: If the database holds people that are not the demo's.
    """
    if await product.people.by_email(ADMINISTRATOR) is not None:
        return
    if await product.rounds.all():
        raise InvalidValue(
            "This database holds rounds that are not the demo's, and the demo leaves them alone: "
            "start it in an empty folder."
        )
    chance = random.Random(20261121)  # noqa: S311 - the same demo every time
    people = roster(shown)
    await product.people.enrol(people)
    today = product.clock()
    # Tickets have been asked about for as long as there have been rounds.
    if (tickets := product.settings.waiting_for(Trigger.TICKETS)) is not None:
        await product.occasions.campaign(tickets, at=_quarters_back(today, PAST_ROUNDS))
    for back, (share, moods) in zip(range(PAST_ROUNDS, 0, -1), _MOODS, strict=True):
        quarter_ago = _quarters_back(today, back)
        await _past_round(product, people, chance, start=quarter_ago, share=share, moods=moods)
    await _tickets(product, people[_ASKED_NOW], people[shown:], chance, at=today)
    running = await product.start("nps", at_once=True)
    await product.worker()
    # Colleagues elsewhere were quicker; those whose conversations are shown are all still asked.
    at = product.clock()  # nobody answers before they were asked
    share, moods = _NOW
    await _answer(product, running, people[shown:], chance, share=share, moods=moods, at=at)


async def _tickets(
    product: Product,
    waiting: list[Enrolment],
    others: list[Enrolment],
    chance: random.Random,
    *,
    at: datetime,
) -> None:
    """Tickets that were resolved: some people are asked about theirs, others have answered."""
    survey = product.settings.waiting_for(Trigger.TICKETS)
    if survey is None:  # somebody has changed the settings that the demo wrote
        return
    happened = []
    for number, enrolment in enumerate((*others, *waiting), start=1001):
        subject, category = _TICKETS[number % len(_TICKETS)]
        agent = _AGENTS[number % len(_AGENTS)]
        happened.append(
            Occasion(
                key=f"demo:{number}",
                who=enrolment,
                happened_at=at - timedelta(hours=3),
                groups={"category": category, "resolved_by": agent},
                details={"ticket": f"#{number}", "subject": subject, "resolved_by": agent},
            )
        )
    await product.ask_about(survey, happened, at_once=True)
    await product.worker()
    at = product.clock()  # nobody answers before they were asked
    campaign = await product.occasions.campaign(survey, at=at)
    share, moods = _HELPED
    await _answer(product, campaign, others, chance, share=share, moods=moods, at=at)


def _quarters_back(today: datetime, quarters: int) -> datetime:
    """The tenth day of the quarter so many quarters ago, at nine."""
    month = today.month - 1 - (today.month - 1) % 3 - 3 * quarters
    return datetime(today.year + month // 12, month % 12 + 1, 10, 9, tzinfo=UTC)


async def _past_round(
    product: Product,
    people: list[Enrolment],
    chance: random.Random,
    *,
    start: datetime,
    share: float,
    moods: tuple[int, ...],
) -> None:
    """A round as it went by then, with the same rules as today's."""
    past = _Past(at=start)
    then = put_together(product.settings, clock=past)
    try:
        campaign = await then.start("nps", at_once=True)
        for delivery in await _all_due(then, past):
            ref = MessageRef(channel=delivery.address.user_id, message="before the demo")
            await then.outbox.sent(delivery, ref, at=past.at)
        past.at = start + timedelta(hours=2)
        await _answer(then, campaign, people, chance, share=share, moods=moods, at=past.at)
        past.at = campaign.closes_at + timedelta(hours=1)
        await then.close.settle()
        past.at += timedelta(minutes=1)
        await then.close.settle()
        for delivery in await _all_due(then, past):
            await then.outbox.skipped(delivery, reason="before the demo")
    finally:
        await then.let_go()


async def _all_due(product: Product, clock: _Past) -> list[Delivery]:
    return list(await product.outbox.claim(at=clock.at, limit=10_000))


async def _answer(
    product: Product,
    campaign: Campaign,
    people: list[Enrolment],
    chance: random.Random,
    *,
    share: float,
    moods: tuple[int, ...],
    at: datetime,
) -> None:
    """Some of these people press a button, and a few say why."""
    for enrolment in people:
        person = await product.people.by_email(enrolment.email)
        if person is None or chance.random() > share:
            continue
        waiting = await product.answers.open_for(person, at=at)
        mine = [found for found in waiting if found.campaign.id == campaign.id]
        if not mine:
            continue
        press = Press(
            subject=Subject(campaign_id=campaign.id, invitation_id=mine[0].id),
            by=enrolment.addresses[0],
            at=at,
        )
        await product.answers.record(press, chance.choice(moods))
        if chance.random() < 0.2:  # noqa: PLR2004 - a few
            await product.answers.comment(press, Comment(chance.choice(_COMMENTS)))
