"""A request, from its resolution to the thanks: what a helpdesk, a clock and a customer do."""

import html
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import select

from runtime.serving import create_server_app
from runtime.tickets import sweeps
from storage.tables import responses
from tests.helpdesks import ENVIRON, jira, jira_issue, standard, ticket, zendesk, zendesk_ticket
from tests.mail.server import Arrived, SmtpServer
from tests.world import World

LONDON = ZoneInfo("Europe/London")
TOML = """
timezone = "Europe/London"
[surveys.ticket]
subject = "our help"
owner = "the support team"
after = "tickets"
"""
TWO_O_CLOCK = datetime(2026, 11, 16, 14, 0, tzinfo=LONDON).astimezone(UTC)
THANKS = {
    1: "We're sorry we didn't meet your expectations. We'll work to do better.",
    2: "Thank you for letting us know. We'll use this to improve.",
    3: "Thank you for your feedback.",
    4: "Great to hear! Thank you for your feedback.",
    5: "Wonderful! We're glad we could help.",
}


@dataclass
class Support:
    """The product, its mail server, and everybody who calls it."""

    world: World
    http: httpx.AsyncClient
    mail: SmtpServer

    def local(self, *clock: int) -> datetime:
        """Set the clock to a local time of this Monday, or of another day of the month."""
        day, hour, minute = clock if len(clock) == 3 else (16, *clock)
        moment = datetime(2026, 11, day, hour, minute, tzinfo=LONDON).astimezone(UTC)
        self.world.clock.at = moment
        return moment

    async def tell(self, kind: str = "resolved", **more: object) -> None:
        at = self.world.clock.at
        event = f"{kind}-{at.isoformat()}-{more.get('number')}"
        call = standard(ticket(kind, at=at, **more), at=at, event=event)  # type: ignore[arg-type]
        answer = await self.http.post(call.path, content=call.body, headers=dict(call.headers))
        assert answer.status_code == 202, answer.text

    async def look(self) -> list[Arrived]:
        """The scheduler and the worker look; the mails that arrive from that."""
        before = len(self.mail.arrived)
        for sweep in sweeps(self.world.product):
            await sweep.run()
        await self.world.product.worker()
        return self.mail.arrived[before:]

    async def asked(self) -> str:
        """A mail two hours after two o'clock; the path of the link in it, an hour later."""
        await self.look()
        self.local(16, 0)
        (arrived,) = await self.look()
        self.world.clock.forward(hours=1)
        return link_in(arrived)

    async def press(self, link: str, score: int) -> httpx.Response:
        return await self.http.post(link, data={"score": str(score)})

    async def scores(self) -> list[int]:
        return [row.score for row in await self.world.rows(select(responses.c.score))]


def link_in(arrived: Arrived) -> str:
    """Where the mark 5 leads, without that mark."""
    body = arrived.message.get_body(("plain",))
    assert isinstance(body, EmailMessage)
    found = re.search(r"(/s/\S+)\?score=5", body.get_content())
    assert found
    return found[1]


def words(page: httpx.Response) -> str:
    return html.unescape(page.text)


@pytest.fixture
async def support(database_url: str, tmp_path: Path) -> AsyncIterator[Support]:
    async with SmtpServer() as mail:
        environ = {
            **ENVIRON,
            "VOXPOP_SANDBOX": "",
            "VOXPOP_BASE_URL": "https://survey.example.org",
            "VOXPOP_EMAIL__SMTP_URL": mail.url,
            "VOXPOP_EMAIL__FROM": "Acme <support@example.org>",
        }
        world = World(database_url, folder=tmp_path, toml=TOML, environ=environ)
        world.clock.at = TWO_O_CLOCK
        transport = httpx.ASGITransport(create_server_app(world.product), client=("192.0.2.7", 1))
        async with httpx.AsyncClient(
            transport=transport, base_url="https://survey.example.org"
        ) as http:
            yield Support(world=world, http=http, mail=mail)
        await world.close()


@pytest.mark.parametrize(
    ("resolved", "sent"),
    [
        ((16, 14, 0), (16, 16, 0)),
        ((16, 18, 5), (17, 8, 0)),
        ((21, 23, 0), (22, 8, 0)),
        ((22, 5, 0), (22, 8, 0)),
    ],
)
async def test_the_timing_table_to_the_minute(
    support: Support, resolved: tuple[int, ...], sent: tuple[int, ...]
) -> None:
    support.local(*resolved)
    await support.tell()
    assert await support.look() == []
    support.world.clock.at = support.local(*sent) - timedelta(minutes=1)
    assert await support.look() == []
    support.local(*sent)
    (arrived,) = await support.look()
    assert arrived.to == "grace@example.com"
    assert arrived.message["Subject"] == "How did we do?"
    support.world.clock.forward(days=1)
    assert await support.look() == []


@pytest.mark.parametrize("score", sorted(THANKS))
async def test_one_click_is_an_answer_and_is_thanked_for(support: Support, score: int) -> None:
    await support.tell(resolved_by="Sophie")
    link = await support.asked()
    shown = await support.http.get(link)
    assert "The door does not close" in words(shown)
    assert await support.scores() == []
    assert THANKS[score] in words(await support.press(link, score))
    assert await support.scores() == [score]


async def test_a_request_that_is_reopened_in_time_costs_nobody_a_mail(support: Support) -> None:
    await support.tell()
    await support.look()
    support.local(15, 59)
    await support.tell("reopened")
    await support.look()
    support.local(16, 0)
    assert await support.look() == []
    await support.tell()
    support.local(17, 59)
    assert await support.look() == []
    support.local(18, 0)
    assert len(await support.look()) == 1


async def test_the_five_errors_say_what_is_the_matter(support: Support) -> None:
    await support.tell()
    link = await support.asked()
    head, _, tail = link.rpartition("/")
    for bent in (f"{head}/nonsense", f"{head}/{tail[:-3]}AAA"):
        answer = await support.http.get(bent)
        assert "This feedback link doesn't appear to be valid." in words(answer)
    await support.press(link, 4)
    support.world.clock.forward(minutes=40)
    again = await support.press(link, 1)
    assert "We've already received your feedback for this request." in words(again)
    assert await support.scores() == [4]
    support.world.clock.forward(days=14)
    assert "This feedback link has expired." in words(await support.press(link, 1))


async def test_a_link_of_somebody_who_was_forgotten_leads_to_no_request(support: Support) -> None:
    await support.tell()
    link = await support.asked()
    person = await support.world.product.people.by_email("grace@example.com")
    assert person is not None
    await support.world.product.rights.forget(person, at=support.world.clock.at)
    answer = await support.press(link, 4)
    assert "We couldn't find the support request this feedback relates to." in words(answer)


async def test_a_program_is_told_the_same_by_codes(support: Support) -> None:
    async def code(link: str, score: int = 4) -> tuple[int, str]:
        door = f"/api/v1/survey/{link.rpartition('/')[2]}/submit"
        answer = await support.http.post(door, json={"score": score})
        return answer.status_code, answer.json().get("code", "")

    await support.tell(number="1", email="tom@example.com")
    forgotten = await support.asked()
    person = await support.world.product.people.by_email("tom@example.com")
    assert person is not None
    await support.world.product.rights.forget(person, at=support.world.clock.at)
    assert await code(forgotten) == (404, "ticket_not_found")
    support.world.clock.at = TWO_O_CLOCK + timedelta(days=1)
    await support.tell(number="2")
    await support.look()
    support.local(17, 16, 0)
    (arrived,) = await support.look()
    link = link_in(arrived)
    assert await code("/s/nonsense") == (404, "invalid_token")
    assert await code(f"{link[:-4]}AAAA") == (404, "invalid_token")
    assert (await code(link))[0] == 200
    assert await code(link, 1) == (409, "already_submitted")
    support.world.clock.forward(days=14)
    assert await code(link) == (410, "token_expired")


async def test_zendesk_and_jira_lead_to_the_same_mail(support: Support) -> None:
    at = support.world.clock.at
    for call in (
        zendesk(zendesk_ticket(), at=at),
        jira(jira_issue(at=at, reporter={"emailAddress": "tom@example.com"})),
    ):
        answer = await support.http.post(call.path, content=call.body, headers=dict(call.headers))
        assert answer.status_code == 202
    await support.look()
    support.local(16, 0)
    assert {one.to for one in await support.look()} == {"grace@example.com", "tom@example.com"}
