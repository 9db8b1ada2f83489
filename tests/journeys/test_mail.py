"""A round by e-mail, from the roster to the unsubscribing, as people and their gateways meet it.

The product runs in a process of its own; the mail server is a real one, so is the browser. A
gateway that checks mails follows every link before anybody reads them.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect
from sqlalchemy import select

from storage.engine import open_database
from storage.tables import consents, invitations, people, responses
from tests.installation import ZONE, Installed, until
from tests.mail.server import SmtpServer
from tests.world import Process

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.browser]
TOML = """
timezone = "Europe/Berlin"
admins = ["ada@acme.test"]
[surveys.nps]
subject = "Acme"
k = 3
owner = "the People team"
reminders = [7]
"""
PEOPLE = f"""email;name;locale;timezone
ada@acme.test;Ada Okafor;en;{ZONE}
bo@acme.test;Bo Ek;de;{ZONE}
chiara@acme.test;Chiara Neri;en;{ZONE}
dee@acme.test;Dee Young;en;{ZONE}
eli@acme.test;Eli Sand;en;{ZONE}
fay@acme.test;Fay Moor;ar;{ZONE}
"""
NAMES = {"ada", "bo", "chiara", "dee", "eli", "fay"}


class _Links(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in {"href", "src"} and value]


@dataclass(frozen=True)
class Mail:
    """A mail, as a mail program shows it."""

    message: EmailMessage

    def part(self, kind: str) -> str:
        body = self.message.get_body((kind,))
        assert isinstance(body, EmailMessage)
        return str(body.get_content())

    @property
    def links(self) -> list[str]:
        """Every link, those of the plain text and the headers among them."""
        text = re.findall(r"https?://[^\s>]+", self.part("plain"))
        headers = re.findall(r"<(https?://[^>]+)>", str(self.message["List-Unsubscribe"]))
        return [*_Links(self.part("html")).found, *text, *headers]

    def score(self, mark: int) -> str:
        (found,) = [link for link in self.links if link.endswith(f"#{mark}")]
        return found

    @property
    def one_click(self) -> str:
        assert self.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        return str(self.message["List-Unsubscribe"]).strip("<>")


@dataclass(kw_only=True)
class Office(Installed):
    """Voxpop beside a mail server."""

    server: SmtpServer
    process: Process = field(init=False)

    def __post_init__(self) -> None:
        (self.folder / "voxpop.toml").write_text(TOML)
        self.environ |= {
            "VOXPOP_EMAIL__SMTP_URL": self.server.url,
            "VOXPOP_EMAIL__FROM": "Acme surveys <surveys@acme.test>",
            "VOXPOP_BASE_URL": f"http://127.0.0.1:{self.port}",
        }

    def mails(self, name: str) -> list[Mail]:
        """What somebody has got, oldest first."""
        return [Mail(one.message) for one in self.server.arrived if one.to == f"{name}@acme.test"]

    async def rows(self, statement: Any) -> list[Any]:
        database = open_database(f"sqlite:///{self.folder / 'voxpop.db'}")
        try:
            async with database.read() as connection:
                return list((await connection.execute(statement)).all())
        finally:
            await database.close()

    async def scores(self) -> list[int]:
        return sorted([row.score for row in await self.rows(select(responses.c.score))])

    async def states(self) -> dict[str, str]:
        rows = await self.rows(select(people.c.email, invitations.c.state).join(invitations))
        return {row.email.partition("@")[0]: row.state for row in rows}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """People from a file, a round that has started, everybody's mail delivered."""
    server = SmtpServer()
    await server.start()
    with Office(folder=tmp_path_factory.mktemp("office"), server=server) as found:
        (found.folder / "people.csv").write_text(PEOPLE)
        assert (await found.voxpop("people", "import", "people.csv")).code == 0
        found.process = await found.run("--port", str(found.port), afresh=True)
        found.said["start"] = await found.voxpop("campaign", "start", "nps", "--now")
        await until(lambda: len(server.arrived) == len(NAMES))
        # Each is noted once it has arrived, by another process.
        while set((await found.states()).values()) != {"sent"}:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        yield found
    await server.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(chromium: str | None) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        yield await playwright.chromium.launch(executable_path=chromium)


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context(locale="en-GB")
    yield await context.new_page()
    await context.close()


async def test_everybody_gets_one_mail_in_their_language(office: Office) -> None:
    assert "6 people are asked" in office.said["start"].out
    for name in NAMES:
        (mail,) = office.mails(name)
        message = mail.message
        assert message["From"] == "Acme surveys <surveys@acme.test>"
        assert message["To"] == f"{name}@acme.test"
        assert message.get_content_type() == "multipart/alternative"
        assert len({link for link in mail.links if "#" in link}) == 11
        assert all(link.startswith(f"http://127.0.0.1:{office.port}/") for link in mail.links)
    (bo,), (fay,) = office.mails("bo"), office.mails("fay")
    assert "Wie wahrscheinlich" in str(bo.message["Subject"])
    assert 'lang="ar" dir="rtl"' in fay.part("html")
    assert len({str(office.mails(name)[0].message["Message-ID"]) for name in NAMES}) == 6


async def test_a_gateway_that_follows_every_link_records_nothing(office: Office) -> None:
    async with httpx.AsyncClient() as gateway:
        for name in NAMES:
            for link in dict.fromkeys(office.mails(name)[0].links):
                for method in ("HEAD", "GET"):
                    answer = await gateway.request(method, link)
                    assert answer.status_code == 200, (method, link)
                    assert answer.headers["cache-control"] == "no-store"
        assert await office.scores() == []
        assert set((await office.states()).values()) == {"sent"}
        assert await office.rows(select(consents)) == []
        # One of them even presses: within seconds of the mail, and what people don't see as well.
        for score, trap in ((3, {}), (10, {"homepage": "https://gateway.example"})):
            address = office.mails("dee")[0].score(score).partition("#")[0]
            answer = await gateway.post(address, data={"score": str(score), **trap})
            assert answer.status_code == 202  # taken, and not counted
    assert await office.scores() == []
    told = await office.voxpop("campaign", "suspected", "nps", "--json")
    assert sum(line["answers"] for line in told.json) >= 1
    assert not {"score", "email", "3", "10"} & set(told.out.replace('"', " ").split())


async def test_a_press_in_the_mail_and_one_on_the_page_count(office: Office, page: Page) -> None:
    await asyncio.sleep(10.5)  # nobody reads a mail and answers within ten seconds
    await page.goto(office.mails("ada")[0].score(6))
    assert await office.scores() == []
    await page.get_by_role("button", name="Send 6").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("You said 6.")
    assert await office.scores() == [6]


async def test_reasons_follow_on_the_same_page(office: Office, page: Page) -> None:
    await page.goto(office.mails("chiara")[0].score(9))
    await page.get_by_role("button", name="Send 9").click()
    await page.get_by_role("textbox").fill("The canteen, and Bo.\nNothing else 🙂")
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.get_by_text("The canteen, and Bo.").first).to_be_visible()
    (kept,) = await office.rows(select(responses.c.comment).where(responses.c.score == 9))
    assert kept.comment == "The canteen, and Bo.\nNothing else 🙂"


async def test_a_person_wins_over_the_gateway_that_pressed_for_them(
    office: Office, page: Page
) -> None:
    await page.goto(office.mails("dee")[0].score(8))
    await page.get_by_role("button", name="Send 8").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("You said 8.")
    assert await office.scores() == [6, 8, 9]
    told = await office.voxpop("campaign", "suspected", "nps")
    assert "none is kept aside" in told.out


async def test_the_link_changes_the_answer_until_the_close(office: Office, page: Page) -> None:
    await page.goto(office.mails("ada")[0].score(7))
    await page.get_by_role("button", name="Send 7").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("You said 7.")
    assert await page.get_by_text("Changed from").count() == 0  # the link alone tells nothing
    await page.get_by_text("Change", exact=True).click()
    await page.locator("form.marks button[value='6']").click()
    await expect(page.get_by_text("Changed from 7 to 6.")).to_be_visible()
    await page.get_by_text("Change", exact=True).click()
    await page.locator("form.marks button[value='7']").click()
    await expect(page.get_by_text("Changed from 6 to 7.")).to_be_visible()
    assert await office.scores() == [7, 8, 9]


async def test_who_has_not_answered_is_reminded_in_the_same_thread(office: Office) -> None:
    await office.a_week_passes()
    assert (await office.voxpop("remind")).code == 0
    await until(lambda: len(office.server.arrived) == len(NAMES) + 3)
    for name in ("bo", "eli", "fay"):
        first, second = (mail.message for mail in office.mails(name))
        assert second["In-Reply-To"] == second["References"] == first["Message-ID"]
        assert second["Message-ID"] != first["Message-ID"]
    assert all(len(office.mails(name)) == 1 for name in ("ada", "chiara", "dee"))


async def test_a_mail_program_unsubscribes_with_one_click(office: Office) -> None:
    async with httpx.AsyncClient() as program:
        for _ in range(2):
            answer = await program.post(
                office.mails("eli")[0].one_click, data={"List-Unsubscribe": "One-Click"}
            )
            assert answer.status_code == 200
            assert "set-cookie" not in answer.headers
    assert (await office.states())["eli"] == "opted_out"
    (said,) = await office.rows(select(consents))
    assert (said.survey, said.may_ask, said.how) == ("", False, "by their mail program")


async def test_the_link_in_the_mail_asks_before_it_unsubscribes(office: Office, page: Page) -> None:
    await asyncio.sleep(10.5)  # nor stops anything within ten seconds
    await page.goto(office.mails("bo")[1].one_click)
    assert (await office.states())["bo"] == "sent"
    await page.get_by_role("textbox").fill("Zu viele davon.")
    await page.locator("button[value=this]").click()
    await expect(page.get_by_role("status")).to_be_visible()
    assert (await office.states())["bo"] == "declined"
    said = (await office.rows(select(consents).order_by(consents.c.id)))[-1]
    assert (said.survey, said.may_ask, said.how) == ("nps", False, "on the page")
    assert said.reason == "Zu viele davon."


async def test_nobody_who_stopped_or_answered_gets_another_mail(office: Office) -> None:
    await office.a_week_passes()
    assert (await office.voxpop("remind", "nps")).code == 0
    told = await office.voxpop("report", "nps", "--format", "json")
    assert told.json["answered"] == 3
    assert {name: len(office.mails(name)) for name in ("ada", "bo", "chiara", "dee", "eli")} == {
        "ada": 1,
        "bo": 2,
        "chiara": 1,
        "dee": 1,
        "eli": 2,
    }


async def test_after_the_close_the_link_says_so(office: Office, page: Page) -> None:
    assert (await office.voxpop("campaign", "close", "nps/2026Q4")).code == 0
    await asyncio.sleep(5.5)  # for so long a page may stand as it was
    found = await page.goto(office.mails("fay")[0].score(1))
    assert found is not None
    assert found.status == 410
    async with httpx.AsyncClient() as late:
        answer = await late.post(
            office.mails("fay")[0].score(1).partition("#")[0], data={"score": "1"}
        )
        assert answer.status_code == 410
    assert len(await office.scores()) == 3


async def test_what_the_process_said_names_nobody(office: Office) -> None:
    said = office.process.said.read_text()
    assert "delivery_sent" in said
    assert "acme.test" not in said
    assert "canteen" not in said
    assert "/s/" not in said
