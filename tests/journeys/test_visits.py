"""Visits, call by call: captured, asked about by mail, answered once; and the front desk.

The product runs in a process of its own; the mail server is a real one, so is the browser.
"""

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright, expect
from sqlalchemy import select

from storage.engine import open_database
from storage.tables import consents, customers, responses
from tests.installation import ZONE, Installed, until
from tests.mail.server import SmtpServer
from tests.world import Process

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.browser]
TOML = f"""
timezone = "{ZONE}"
[surveys.visits]
after = "visits"
subject = "our service"
[visits]
purposes = ["Advice", "Purchase", "Repair"]
[branches.soho]
name = "Soho"
staff = ["Ines Roy", "Sam Reed"]
[branches.leeds]
name = "Leeds"
staff = ["Jo Hart"]
"""
MAYA = {
    "name": "Maya Lind",
    "email": "maya@example.com",
    "mobile": "+44 20 7946 0018",
    "email_consent": True,
    "purpose_of_visit": "Advice",
    "branch_id": "soho",
    "branch_name": "Soho",
    "staff_name": "Sam Reed",
}
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
SHOTS = os.environ.get("VOXPOP_SCREENSHOTS")
"""A folder for pictures of the form; nothing is compared with them."""


@dataclass(kw_only=True)
class Shop(Installed):
    """Voxpop beside a mail server, and a program at the till that has a key."""

    server: SmtpServer
    process: Process = field(init=False)
    key: str = ""
    web: httpx.AsyncClient = field(default_factory=httpx.AsyncClient)

    def __post_init__(self) -> None:
        (self.folder / "voxpop.toml").write_text(TOML)
        self.environ |= {
            "VOXPOP_EMAIL__SMTP_URL": self.server.url,
            "VOXPOP_EMAIL__FROM": "Acme <visits@acme.test>",
            "VOXPOP_BASE_URL": self.base,
            "VOXPOP_ARCHIVE_URL": self.archive.as_uri(),
        }

    @property
    def archive(self) -> Path:
        return self.folder / "archive"

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def call(
        self, method: str, path: str, body: Mapping[str, object] | None = None, *, key: bool = True
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key}"} if key else {}
        return await self.web.request(
            method, f"{self.base}{path}", json=body, headers=headers, timeout=30
        )

    async def capture(self, **changes: Any) -> int:
        answer = await self.call("POST", "/api/customers", {**MAYA, **changes})
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def link(self, email: str) -> str:
        """What stands in the link of the latest mail to somebody."""
        message = [one for one in self.server.arrived if one.to == email][-1].message
        body = message.get_body(("plain",))
        assert body is not None
        found = re.search(rf"{self.base}/s/([\w.-]+)", str(body.get_content()))
        assert found is not None
        return found[1]

    async def rows(self, statement: Any) -> list[Any]:
        database = open_database(f"sqlite:///{self.folder / 'voxpop.db'}")
        try:
            async with database.read() as connection:
                return list((await connection.execute(statement)).all())
        finally:
            await database.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    server = SmtpServer()
    await server.start()
    with Shop(folder=tmp_path_factory.mktemp("shop"), server=server) as found:
        assert (await found.voxpop("db", "upgrade")).code == 0
        made = await found.voxpop("key", "create", "till", "--role", "ingest")
        assert made.code == 0, made
        token = re.search(r"voxpop_\S+", made.out)
        assert token is not None
        found.key = token[0]
        found.process = await found.run("--port", str(found.port))
        yield found
        await found.web.aclose()
    await server.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(chromium: str | None) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        # A browser that says it is driven by a program is never believed to be a person's.
        yield await playwright.chromium.launch(
            executable_path=chromium, args=["--disable-blink-features=AutomationControlled"]
        )


async def test_from_the_till_to_the_feedback(shop: Shop) -> None:
    captured = await shop.call("POST", "/api/customers", MAYA)
    assert captured.status_code == 201
    number = captured.json()["id"]
    assert captured.json() == {
        "id": number,
        "message": "The visit is written down.",
        "survey_triggered": False,
    }
    (said,) = await shop.rows(select(consents))
    assert (said.may_ask, said.how) == (True, "at the front desk")

    triggered = await shop.call("POST", f"/api/survey/trigger/{number}")
    assert (triggered.status_code, triggered.json()["status"]) == (200, "sent")
    (mail,) = shop.server.arrived
    assert mail.to == "maya@example.com"
    assert "How many stars do you give our service?" in str(mail.message["Subject"])

    link = shop.link("maya@example.com")
    claims = jwt.decode(link, options={"verify_signature": False})
    assert 24 * 3600 <= claims["exp"] - claims["iat"] <= 48 * 3600
    assert "maya" not in str(claims).lower()

    form = await shop.call("GET", f"/api/feedback/{link}", key=False)
    assert form.status_code == 200
    assert (form.json()["customer_name"], form.json()["branch_name"]) == ("Maya", "Soho")
    assert form.json()["comment_limit"] == 500
    too_many = await shop.call(
        "POST", f"/api/feedback/{link}", {"star_rating": 6, "textual_feedback": ""}, key=False
    )
    assert too_many.status_code == 422
    given = await shop.call(
        "POST",
        f"/api/feedback/{link}",
        {"star_rating": 5, "textual_feedback": "Sam found it at once."},
        key=False,
    )
    assert given.status_code == 200
    again = await shop.call(
        "POST", f"/api/feedback/{link}", {"star_rating": 1, "textual_feedback": ""}, key=False
    )
    assert (again.status_code, again.json()["code"]) == (409, "already_submitted")
    (kept,) = await shop.rows(select(responses.c.score, responses.c.comment))
    assert (kept.score, kept.comment) == (5, "Sam found it at once.")
    status = await shop.call("GET", f"/api/survey/trigger/{number}")
    assert status.json()["status"] == "answered"

    await until(lambda: any(shop.archive.glob("*.json")))
    (file,) = shop.archive.glob("*.json")
    assert re.fullmatch(rf"feedback_{number}_\w+\.json", file.name)
    archived = json.loads(file.read_text())
    assert archived["customer_id"] == number
    assert archived["star_rating"] == 5
    assert archived["textual_feedback"] == "Sam found it at once."
    assert (archived["sentiment"], archived["branch_name"]) == ("positive", "Soho")
    assert "maya" not in file.read_text().lower()


async def test_nobody_without_consent_gets_a_mail(shop: Shop) -> None:
    before = len(shop.server.arrived)
    number = await shop.capture(email="nils@example.com", email_consent=False)
    refused = await shop.call("POST", f"/api/survey/trigger/{number}")
    assert (refused.status_code, refused.json()["code"]) == (403, "no_consent")
    assert len(shop.server.arrived) == before


async def test_a_mailbox_that_is_none_is_reported_as_such(shop: Shop) -> None:
    number = await shop.capture(email="gone@example.com")
    shop.server.answer("RCPT", "550 5.1.1 no such user")
    failed = await shop.call("POST", f"/api/survey/trigger/{number}")
    assert (failed.status_code, failed.json()["code"]) == (502, "delivery_failed")
    status = await shop.call("GET", f"/api/survey/trigger/{number}")
    assert status.json()["status"] == "failed"


async def test_whoever_does_not_wait_asks_later(shop: Shop) -> None:
    number = await shop.capture(email="olga@example.com")
    taken = await shop.call("POST", f"/api/survey/trigger/{number}?wait=0")
    assert taken.status_code == 202
    status = taken.headers["location"]
    await until(lambda: any(one.to == "olga@example.com" for one in shop.server.arrived))
    await asyncio.sleep(1)  # it is noted a moment after it went out
    assert (await shop.call("GET", status)).json()["status"] == "sent"


async def look(page: Page, name: str, *, scheme: str = "light") -> None:
    """Nothing is wider than the window, all that is pressed can be hit, and axe finds nothing."""
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for width in (320, 1280):
        await page.set_viewport_size({"width": width, "height": 900})
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for target in await page.locator("button:visible, select:visible, input:visible").all():
            box = await target.bounding_box()
            assert box is not None
            assert box["height"] >= 24
        found = await Axe().run(page, options=WCAG)
        assert [(one["id"], one["nodes"][0]["html"]) for one in found.response["violations"]] == []
        if SHOTS:
            await page.screenshot(path=Path(SHOTS) / f"{name}-{scheme}-{width}.png", full_page=True)


async def test_the_front_desk_from_signing_in_to_the_stars(shop: Shop, browser: Browser) -> None:
    context = await browser.new_context(locale="en-GB", bypass_csp=True)  # axe is a script
    page = await context.new_page()
    await page.goto(f"{shop.base}/front-desk")
    await look(page, "desk-key")
    await page.get_by_label("Key").fill("voxpop_wrong")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_have_text("That key opens nothing here.")
    await page.get_by_label("Key").fill(shop.key)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("A visit")
    for scheme in ("light", "dark"):
        await look(page, "desk-form", scheme=scheme)

    await page.get_by_label("Customer's name").fill("Zoë Quist")
    await page.get_by_label("Their e-mail").fill("zoe@example.com")
    await page.get_by_label("What was the visit for?").select_option("Repair")
    await page.get_by_label("Branch", exact=True).select_option("Leeds")
    await page.get_by_label("Who looked after them?").select_option("Sam Reed")
    await page.get_by_label("Their mobile number").fill("ask her")
    consent = page.get_by_role("checkbox")
    await expect(consent).not_to_be_checked()
    await consent.check()
    await page.get_by_role("button", name="Write it down").click()
    await expect(page.get_by_text("Sam Reed does not work at Leeds.")).to_be_visible()
    for wrong in ("Who looked after them?", "Their mobile number"):
        await expect(page.get_by_label(wrong)).to_have_css("border-top-width", "2px")
    await look(page, "desk-wrong")
    await look(page, "desk-wrong", scheme="dark")
    await page.get_by_label("Their mobile number").fill("")
    await page.get_by_label("Who looked after them?").select_option("Jo Hart")
    await page.get_by_role("button", name="Write it down").click()
    await expect(page.get_by_role("status")).to_contain_text("the customer will be asked about it.")
    await look(page, "desk-done")
    await expect(page.get_by_role("checkbox")).not_to_be_checked()
    await expect(page.get_by_label("Customer's name")).to_have_value("")
    (row,) = await shop.rows(
        select(customers.c.purpose_of_visit, customers.c.branch_id).where(
            customers.c.email == "zoe@example.com"
        )
    )
    assert tuple(row) == ("Repair", "leeds")

    await until(lambda: any(one.to == "zoe@example.com" for one in shop.server.arrived))
    await asyncio.sleep(10.5)  # nobody reads a mail and answers within ten seconds
    await page.goto(f"{shop.base}/s/{shop.link('zoe@example.com')}")
    await page.locator(".mark[value='4']").click()
    await expect(page.get_by_role("textbox")).to_be_visible()
    await page.get_by_role("textbox").fill("Quick, and friendly.")
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.get_by_text("Quick, and friendly.").first).to_be_visible()
    await page.goto(f"{shop.base}/s/{shop.link('zoe@example.com')}")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("already")

    await page.goto(f"{shop.base}/front-desk")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Please sign in.")
    await context.close()


async def test_the_form_works_without_a_script(shop: Shop, browser: Browser) -> None:
    context = await browser.new_context(locale="en-GB", java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{shop.base}/front-desk")
    await page.get_by_label("Key").fill(shop.key)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_label("Customer's name").fill("Abe Noor")
    await page.get_by_label("Their e-mail").fill("abe@example.com")
    await page.get_by_label("What was the visit for?").select_option("Advice")
    await page.locator("details:has(#new_branch) summary").click()
    await page.get_by_label("A branch that is not in the list").fill("York")
    await page.locator("details:has(#new_staff) summary").click()
    await page.get_by_label("Somebody who is not in the list").fill("Kit Moss")
    await page.get_by_role("button", name="Write it down").click()
    await expect(page.get_by_role("status")).to_contain_text("is not asked about it.")
    await expect(page.get_by_label("Branch", exact=True).get_by_text("York")).to_have_count(1)
    await context.close()
