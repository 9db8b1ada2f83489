"""The page behind a link in a real browser: every state, with a mouse, a keyboard, no script."""

import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from babel import Locale
from babel.support import NullTranslations
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from runtime.languages import BabelLanguage
from runtime.serving import listen
from survey.ports import Purpose, Suspicion
from survey.scale import CSAT
from survey.survey import Answers, Mode, Survey
from tests.examples import MONDAY, NPS_SURVEY
from tests.happened import FEATURES, VISITS, brought
from tests.happened import TICKETS as DESK
from tests.pages import Pages, pages_about

pytestmark = pytest.mark.browser

TICKETS = Survey(
    name="tickets", subject="our support", scale=CSAT, mode=Mode.IDENTIFIED, one_press=True
)
ONCE = replace(NPS_SURVEY, answers=Answers.ONCE)
ASKED = "How likely are you to recommend Acme to a colleague?"
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
FOCUSED = "document.activeElement.innerText || document.activeElement.id"
SHOTS = os.environ.get("VOXPOP_SCREENSHOTS")
"""A folder for pictures of every state; nothing is compared with them."""


@contextmanager
def served(pages: Pages) -> Iterator[str]:
    """Where these pages are."""
    sock = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(pages.app, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        sock.close()


@pytest.fixture(scope="module")
def browser(chromium: str | None) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # A browser that says it is driven by a program is never believed to be a person's.
        found = playwright.chromium.launch(
            executable_path=chromium, args=["--disable-blink-features=AutomationControlled"]
        )
        yield found
        found.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser has complained about, its content security policy included."""
    return []


@pytest.fixture
def visitor(browser: Browser, complaints: list[str]) -> Iterator[Callable[..., Page]]:
    """A fresh profile each; whatever it complains about fails the test."""
    contexts: list[BrowserContext] = []

    def visit(address: str, **options: Any) -> Page:
        context = browser.new_context(**{"locale": "en-GB", **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda said: complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("requestfailed", lambda request: complaints.append(f"{request.failure}"))
        page.goto(address)
        return page

    yield visit
    for context in contexts:
        context.close()
    # Statuses of 400 and more are told too, and meant.
    left = [one for one in complaints if "Failed to load resource" not in one]
    assert left == []


Reach = Callable[[Page, Pages, str], None]


def opened(query: str = "", **changes: Any) -> Reach:
    def reach(page: Page, pages: Pages, base: str) -> None:
        page.goto(f"{base}{pages.path(**changes)}{query}")

    return reach


def pressed(mark: int, query: str = "") -> Reach:
    def reach(page: Page, pages: Pages, base: str) -> None:
        page.goto(f"{base}{pages.path()}{query}")
        page.locator(f".mark[value='{mark}']").click()

    return reach


def commented(page: Page, pages: Pages, base: str) -> None:
    pressed(6)(page, pages, base)
    page.get_by_label("What should we fix first?").fill("Fewer <b>meetings</b>,\nand shorter ones.")
    page.get_by_role("button", name="Send").click()


def changed(page: Page, pages: Pages, base: str) -> None:
    pressed(6)(page, pages, base)
    page.get_by_text("Change", exact=True).click()
    page.locator(".mark[value='9']").click()


def changing(page: Page, pages: Pages, base: str) -> None:
    pressed(6)(page, pages, base)
    page.get_by_text("Change", exact=True).click()


def undone(page: Page, pages: Pages, base: str) -> None:
    pressed(6, "#6")(page, pages, base)
    page.get_by_role("button", name="Undo").click()


def too_long(page: Page, pages: Pages, base: str) -> None:
    pressed(6)(page, pages, base)
    page.get_by_label("What should we fix first?").fill("word " * 500)
    page.get_by_role("button", name="Send").click()


def too_soon(page: Page, pages: Pages, base: str) -> None:
    now = pages.clock().replace(microsecond=0)
    page.goto(f"{base}{pages.path(issued_at=now, expires_at=now + timedelta(days=1))}#3")
    page.get_by_role("button", name="Send 3").click()


def away(page: Page, pages: Pages, base: str) -> None:
    page.goto(f"{base}{pages.path()}")
    pages.store.down.add("*")
    page.locator(".mark[value='8']").click()


def by_itself(page: Page, pages: Pages, base: str) -> None:
    page.goto(f"{base}{pages.path()}?score=4")
    expect(page.get_by_role("heading", level=1)).to_have_text("You said 4.")


def closed(page: Page, pages: Pages, base: str) -> None:
    page.goto(f"{base}{pages.path()}")
    pages.clock.forward(days=30)
    pages.store.move(replace(pages.invitation.campaign, closes_at=pages.clock()))
    page.goto(f"{base}{pages.path()}")


def already(mark: int) -> Reach:
    def reach(page: Page, pages: Pages, base: str) -> None:
        pressed(mark)(page, pages, base)
        expect(page.get_by_role("heading", level=1)).to_have_text(f"You said {mark}.")
        page.goto(f"{base}{pages.path()}")

    return reach


def closed_by_itself(page: Page, pages: Pages, base: str) -> None:
    path = pages.path()
    pages.clock.at = pages.invitation.campaign.closes_at
    page.goto(f"{base}{path}")


def lost(page: Page, pages: Pages, base: str) -> None:
    pages.store.invitations.clear()
    page.goto(f"{base}{pages.path()}")


def not_valid(page: Page, pages: Pages, base: str) -> None:  # noqa: ARG001
    page.goto(f"{base}/s/a-link-that-nobody-made")


def asked_to_stop(page: Page, pages: Pages, base: str) -> None:
    page.goto(f"{base}{pages.path(Purpose.UNSUBSCRIBE)}")


def stopped(page: Page, pages: Pages, base: str) -> None:
    asked_to_stop(page, pages, base)
    page.get_by_role("button", name="No more surveys from me").click()


def asked_again(page: Page, pages: Pages, base: str) -> None:
    stopped(page, pages, base)
    page.get_by_role("button", name="Ask me again").click()


STATES: dict[str, tuple[Survey, Reach, str]] = {
    "asked": (NPS_SURVEY, opened(), ASKED),
    "chosen": (NPS_SURVEY, opened("#6"), ASKED),
    "five": (TICKETS, opened(), "How satisfied are you with our support?"),
    "saved": (NPS_SURVEY, pressed(6), "You said 6."),
    "saved-five": (TICKETS, pressed(2), "You said 2."),
    "saved-once": (ONCE, pressed(10), "You said 10."),
    "changing": (NPS_SURVEY, changing, "You said 6."),
    "changed": (NPS_SURVEY, changed, "You said 9."),
    "commented": (NPS_SURVEY, commented, "You said 6."),
    "too-long": (NPS_SURVEY, too_long, "You said 6."),
    "undone": (NPS_SURVEY, undone, ASKED),
    "by-itself": (TICKETS, by_itself, "You said 4."),
    "once-more": (NPS_SURVEY, too_soon, ASKED),
    "away": (NPS_SURVEY, away, ASKED),
    "already": (ONCE, already(6), "We've already received your feedback for this request."),
    "expired": (
        NPS_SURVEY,
        opened(issued_at=MONDAY - timedelta(days=2), expires_at=MONDAY - timedelta(days=1)),
        "This feedback link has expired.",
    ),
    "ticket": (DESK, opened(), "How satisfied are you with our support?"),
    "ticket-by-itself": (DESK, by_itself, "You said 4."),
    "ticket-already": (DESK, already(4), "We've already received your feedback for this request."),
    "ticket-lost": (
        DESK,
        lost,
        "We couldn't find the support request this feedback relates to.",
    ),
    "ticket-closed": (DESK, closed_by_itself, "This question is closed now; thank you."),
    "feature": (FEATURES, opened("?score=8"), "How do you rate Rate calendar?"),
    "visit": (VISITS, opened(), "How many stars do you give Acme?"),
    "visit-saved": (VISITS, pressed(5), "You said 5."),
    "visit-already": (VISITS, already(4), "We've already received your feedback for this visit."),
    "visit-closed": (VISITS, closed_by_itself, "This question is closed now; thank you."),
    "closed": (NPS_SURVEY, closed, "This round is closed; thank you."),
    "not-valid": (NPS_SURVEY, not_valid, "This feedback link doesn't appear to be valid."),
    "asked-to-stop": (NPS_SURVEY, asked_to_stop, "What should I stop?"),
    "stopped": (NPS_SURVEY, stopped, "Done: no more surveys from me."),
    "asked-again": (NPS_SURVEY, asked_again, "Welcome back: I may ask you again."),
}


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_accessible_and_fits_light_and_dark_small_and_large(
    visitor: Callable[..., Page], state: str
) -> None:
    survey, reach, headline = STATES[state]
    for scheme in ("light", "dark"):
        pages = Pages(survey) if survey.after is None else pages_about(brought(survey))
        with served(pages) as base:
            page = visitor(
                "about:blank",
                color_scheme=scheme,
                viewport={"width": 320, "height": 640},
                reduced_motion="reduce",
                bypass_csp=True,  # axe is brought in as a script
            )
            reach(page, pages, base)
            expect(page.get_by_role("heading", level=1)).to_have_text(headline)
            for width in (320, 1280):
                page.set_viewport_size({"width": width, "height": 720})
                fits(page)
                if SHOTS:
                    picture = Path(SHOTS) / f"{state}-{scheme}-{width}.png"
                    page.screenshot(path=picture, full_page=True)
                # Both schemes and both widths, each once: the four take twice as long.
                if (scheme, width) in {("light", 320), ("dark", 1280)}:
                    assert_accessible(page)


def fits(page: Page) -> None:
    """Nothing is wider than the window, and what is pressed is large enough to be hit."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for target in page.locator("button:visible, summary:visible, textarea:visible").all():
        box = target.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert box["width"] >= 40


def assert_accessible(page: Page) -> None:
    found = Axe().run(page, options=WCAG)
    violations = found.response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in violations] == []


def test_a_press_in_the_mail_is_chosen_and_one_press_more_sends_it(
    visitor: Callable[..., Page],
) -> None:
    pages = Pages()
    with served(pages) as base:
        requests: list[str] = []
        page = visitor("about:blank")
        page.on("request", lambda request: requests.append(request.url))
        page.goto(f"{base}{pages.path()}#6")
        mark = page.locator(".mark[value='6']")
        expect(mark).to_have_attribute("aria-current", "true")
        expect(page.get_by_role("button", name=re.compile("^Send "))).to_have_count(1)
        assert requests == [f"{base}{pages.path()}"]  # the number stays here, all else is in it
        assert pages.score() is None
        page.get_by_role("button", name="Send 6").click()
        expect(page.get_by_role("status")).to_contain_text("You said 6.")
        assert pages.score() == 6


def test_the_counter_counts_characters_as_people_do(visitor: Callable[..., Page]) -> None:
    pages = Pages()
    with served(pages) as base:
        page = visitor(f"{base}{pages.path()}")
        page.locator(".mark[value='6']").click()
        field = page.get_by_label("What should we fix first?")
        field.fill("👍" * 1_234)
        expect(page.get_by_text("1,234 of 2,000 characters")).to_be_visible()
        expect(field).not_to_have_attribute("aria-invalid", "true")
        field.fill("👍" * 2_001)
        expect(field).to_have_attribute("aria-invalid", "true")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("alert")).to_contain_text("That is 2,001 characters")
        expect(field).to_be_focused()
        expect(field).to_have_value("👍" * 2_001)


def test_all_of_it_works_with_the_keyboard_alone(visitor: Callable[..., Page]) -> None:
    pages = Pages()
    with served(pages) as base:
        page = visitor(f"{base}{pages.path()}")

        def tab_to(text: str) -> None:
            for _ in range(40):
                page.keyboard.press("Tab")
                found = page.evaluate(FOCUSED)
                assert page.evaluate("document.activeElement.closest('[aria-hidden]')") is None
                if found == text:
                    return
            raise AssertionError(text)

        tab_to("7")
        page.keyboard.press("Space")
        expect(page.get_by_role("heading", level=1)).to_have_text("You said 7.")
        tab_to("words")
        page.keyboard.type("Quieter rooms")
        tab_to("Send")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Quieter rooms").first).to_be_visible()
        tab_to("Change")
        page.keyboard.press("Enter")
        tab_to("8")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Changed from 7 to 8.")).to_be_visible()
        tab_to("Undo")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Taken back.")).to_be_visible()
    assert pages.score() is None


def test_all_of_it_works_without_script(visitor: Callable[..., Page]) -> None:
    pages = Pages()
    with served(pages) as base:
        page = visitor(f"{base}{pages.path()}#6", java_script_enabled=False)
        sends = page.get_by_role("button", name=re.compile("^Send "))
        expect(sends).to_have_count(1)
        sends.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("You said 6.")
        expect(page.get_by_text("Up to 2,000 characters.")).to_be_visible()
        page.get_by_label("What should we fix first?").fill("Quieter rooms")
        page.get_by_role("button", name="Send").click()
        page.get_by_text("Change", exact=True).click()
        page.locator(".mark[value='9']").click()
        expect(page.get_by_text("Changed from 6 to 9.")).to_be_visible()
        assert pages.score() == 9
        page.get_by_role("button", name="Undo").click()
        assert pages.score() is None


def test_from_right_to_left_the_scale_begins_on_the_right(visitor: Callable[..., Page]) -> None:
    survey = replace(NPS_SURVEY, question="ما مدى احتمال أن توصي بنا لزميل؟")
    pages = Pages(survey, languages=mirrored)
    with served(pages) as base:
        page = visitor("about:blank", bypass_csp=True, viewport={"width": 320, "height": 640})
        page.goto(f"{base}{pages.path(locale='ar')}?score=6")
        assert page.evaluate("[document.dir, document.documentElement.lang]") == ["rtl", "ar"]
        low, high = (page.locator(f".mark[value='{mark}']").bounding_box() for mark in (0, 5))
        assert low is not None
        assert high is not None
        assert low["x"] > high["x"]
        for width in (320, 1280):
            page.set_viewport_size({"width": width, "height": 640})
            fits(page)
            assert_accessible(page)
            if SHOTS:
                page.screenshot(path=Path(SHOTS) / f"rtl-light-{width}.png", full_page=True)


def mirrored(locale: str) -> BabelLanguage:
    return _Mirrored(Locale.parse(locale), NullTranslations())


class _Mirrored(BabelLanguage):
    """Any language as if it were read from right to left."""

    @property
    def right_to_left(self) -> bool:
        return True


def test_forced_colors_still_show_which_mark_is_chosen(visitor: Callable[..., Page]) -> None:
    pages = Pages()
    with served(pages) as base:
        page = visitor(f"{base}{pages.path()}?score=6", forced_colors="active")
        color = "element => getComputedStyle(element).backgroundColor"
        chosen, other = (page.locator(f".mark[value='{mark}']").evaluate(color) for mark in (6, 7))
        assert chosen != other


def test_a_page_that_sent_by_itself_counts_once_it_is_touched(
    visitor: Callable[..., Page],
) -> None:
    pages = Pages(TICKETS)
    with served(pages) as base:
        page = visitor("about:blank")
        by_itself(page, pages, base)
        assert pages.score() is None
        assert pages.aside == {4: Suspicion.ONE_PRESS}
        page.mouse.move(5, 5)
        expect(page.get_by_text("It counts as soon as you touch this page")).to_be_visible()
        with page.expect_response(re.compile("/s/")) as confirmed:
            page.mouse.click(5, 5)
        assert confirmed.value.status == 204
        expect(page.get_by_text("It counts as soon as you touch this page")).to_be_hidden()
        assert pages.score() == 4
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("Taken back.")).to_be_visible()
        assert pages.score() is None


def test_undo_of_what_the_page_sent_is_no_touch_that_counts_it(
    visitor: Callable[..., Page],
) -> None:
    pages = Pages(TICKETS)
    with served(pages) as base:
        page = visitor("about:blank")
        by_itself(page, pages, base)
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("Taken back.")).to_be_visible()
        assert pages.now.pressed_at is None  # it never counted
        assert pages.aside == {}
        with page.expect_navigation():
            page.evaluate("history.go(-2)")
        expect(page.get_by_role("button", name="Send 4")).to_be_visible()
        page.wait_for_timeout(1_500)
        assert pages.aside == {}  # whoever comes back did not come from the mail


def test_a_page_that_is_touched_before_it_sends_waits_for_the_press(
    visitor: Callable[..., Page],
) -> None:
    pages = Pages(TICKETS)
    with served(pages) as base:
        page = visitor(f"{base}{pages.path()}?score=4")
        page.locator(".mark[value='2']").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("You said 2.")
        page.wait_for_timeout(1_200)
        assert pages.score() == 2
        assert pages.aside == {}


def test_a_browser_that_a_program_drives_sends_nothing_by_itself(
    visitor: Callable[..., Page],
) -> None:
    pages = Pages(TICKETS)
    with served(pages) as base:
        page = visitor("about:blank")
        page.add_init_script("Object.defineProperty(navigator, 'webdriver', { get: () => true })")
        page.goto(f"{base}{pages.path()}?score=4")
        page.wait_for_timeout(1_500)
        assert pages.aside == {}
        page.evaluate("document.querySelector('.mark').click()")  # as a script does, not a hand
        expect(page.get_by_role("alert")).to_contain_text("That is not counted yet.")
    assert pages.score() is None
    assert pages.aside == {1: Suspicion.TRAP}
