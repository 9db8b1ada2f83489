"""The sandbox in a real browser, on a real demo."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.world import Process

pytestmark = pytest.mark.browser

ADA = "ada@example.org"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the demo is."""
    folder = tmp_path_factory.mktemp("demo")
    with Process(folder, "demo", "--port", "0", "--people", "16") as demo:
        found = re.search(r"http://\S+/sandbox", demo.until("Ctrl+C stops it", seconds=60))
        assert found is not None
        yield found[0]


@pytest.fixture(scope="module")
def browser(chromium: str | None) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium)
        yield found
        found.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser has complained about."""
    return []


@pytest.fixture
def page(browser: Browser, complaints: list[str]) -> Iterator[Page]:
    """A fresh profile; whatever it complains about fails the test."""
    # axe is brought in as a script, which the page's own policy forbids.
    with browser.new_context(bypass_csp=True, locale="en-GB") as context:
        found = context.new_page()
        found.set_default_timeout(15_000)
        found.on("console", lambda said: complaints.append(said.text))
        found.on("pageerror", lambda error: complaints.append(str(error)))
        found.on("requestfailed", lambda request: complaints.append(f"{request.failure}"))
        yield found
    # A poll that is under way when the page is left is cut off, and nobody minds.
    assert [one for one in complaints if one != "net::ERR_ABORTED"] == []


def visit(page: Page, address: str, email: str) -> Locator:
    """Their conversation, with its newest message on the screen."""
    page.goto(f"{address}#{email}")
    message = newest(page)
    expect(message).to_be_visible()
    if (greeting := page.get_by_role("button", name="Got it")).is_visible():
        greeting.click()
    return message


def newest(page: Page) -> Locator:
    return page.locator("li.message").last


def score(message: Locator, mark: int) -> Locator:
    return message.get_by_role("button", name=re.compile(rf"^{mark} of 10"))


def say(page: Page, text: str) -> Locator:
    """Type into the conversation; the answer is the newest message."""
    before = page.locator("li.message").count()
    box = page.get_by_role("textbox", name="Message to Voxpop")
    box.fill(text)
    box.press("Enter")
    expect(page.locator("li.message")).not_to_have_count(before)
    return newest(page)


def test_one_press_records_and_the_same_message_changes(page: Page, address: str) -> None:
    message = visit(page, address, "bruno@example.org")
    expect(message.get_by_role("heading")).to_have_text(
        "How likely are you to recommend Acme to a colleague?"
    )
    marks = message.locator(".scores button")
    expect(marks).to_have_text([str(mark) for mark in range(11)], use_inner_text=True)
    score(message, 6).click()
    expect(message.get_by_role("heading")).to_have_text("You said 6.")
    expect(page.locator("li.message")).to_have_count(1)
    expect(message.get_by_text("What should we fix first?")).to_be_visible()

    message.get_by_role("button", name="Add a reason").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_have_text("Your reason")
    dialog.get_by_role("textbox").fill("Fewer <b>meetings</b>, {score}")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog).to_be_hidden()
    expect(message.get_by_text("You wrote: Fewer <b>meetings</b>, {score}")).to_be_visible()

    message.get_by_role("button", name="Change").click()
    score(message, 9).click()
    expect(message.get_by_role("heading")).to_have_text("You said 9.")
    expect(message.get_by_text("Changed from 6 to 9.")).to_be_visible()

    message.get_by_role("button", name="Reply").click()
    reply = message.get_by_role("textbox", name="Reply in thread")
    reply.fill("<img src=x onerror=alert(1)> and more time")
    reply.press("Enter")
    thread = message.get_by_role("list", name="Thread").get_by_role("listitem")
    expect(thread).to_have_count(2)
    expect(thread.first).to_contain_text("<img src=x onerror=alert(1)> and more time")
    expect(thread.last).to_contain_text("Thank you. That goes to the People team")
    expect(message.locator("img, b")).to_have_count(0)

    message.get_by_role("button", name="Undo").click()
    expect(message.get_by_text("Taken back. You can answer until")).to_be_visible()
    expect(message.locator(".scores button")).to_have_count(11)
    page.reload()
    expect(newest(page).get_by_text("Taken back. You can answer until")).to_be_visible()
    expect(page.locator("li.message")).to_have_count(1)


def test_a_score_is_read_out_once(page: Page, address: str) -> None:
    message = visit(page, address, "ines@example.org")
    for mark in (0, 10):
        expect(score(message, mark)).to_have_accessible_name(f"{mark} of 10")


def test_ada_sees_the_report_with_its_chart(page: Page, address: str) -> None:
    visit(page, address, ADA)
    report = say(page, "/nps report")
    expect(report.get_by_role("heading")).to_have_text(re.compile(r"^NPS [+−]?\d+$"))
    chart = report.locator("img")
    expect(chart).to_have_js_property("complete", value=True)
    assert chart.evaluate("image => image.naturalWidth") > 300
    assert (chart.get_attribute("alt") or "").startswith("NPS ")
    expect(report.get_by_text("Only visible to you")).to_be_visible()

    suggestion = say(page, "/nps reprot")
    expect(suggestion).to_contain_text("I don't know reprot. Did you mean /nps report?")

    visit(page, address, "chiara@example.org")
    page.reload()
    expect(newest(page)).to_be_visible()
    refusal = say(page, "/nps report")
    expect(refusal).to_contain_text("Reports are for survey administrators: ada@example.org.")
    expect(refusal.locator("img")).to_have_count(0)


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until it has the focus."""
    for _ in range(40):
        if target.evaluate("node => node === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"Tab never comes to {target}.")


def test_it_works_by_keyboard_alone(page: Page, address: str) -> None:
    page.goto(f"{address}#dmitri@example.org")
    message = newest(page)
    expect(message).to_be_visible()
    tab_to(page, score(message, 0))
    for _ in range(7):
        page.keyboard.press("ArrowRight")
    expect(score(message, 7)).to_be_focused()
    page.keyboard.press("Enter")
    expect(message.get_by_role("heading")).to_have_text("You said 7.")

    tab_to(page, message.get_by_role("button", name="Add a reason"))
    page.keyboard.press("Space")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("textbox")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    tab_to(page, message.get_by_role("button", name="Add a reason"))
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("textbox")).to_be_focused()
    page.keyboard.type("By keyboard alone")
    tab_to(page, dialog.get_by_role("button", name="Send"))
    page.keyboard.press("Enter")
    expect(message.get_by_text("You wrote: By keyboard alone")).to_be_visible()

    tab_to(page, message.get_by_role("button", name="Undo"))
    page.keyboard.press("Enter")
    expect(message.locator(".scores button")).to_have_count(11)
    tab_to(page, page.get_by_role("textbox", name="Message to Voxpop"))
    page.keyboard.type("/nps pending")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(newest(page)).to_contain_text("1 question is open for you.")


def overflowing(page: Page) -> list[str]:
    """What can be scrolled sideways, or stands beyond the screen's edge."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('*')].filter((node) => {
            if (!node.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
                return false;
            const scrolls = node.scrollWidth > node.clientWidth + 1
                && ['auto', 'scroll'].includes(getComputedStyle(node).overflowX);
            const box = node.getBoundingClientRect();
            const beyond = box.width > 1 && node.matches('button, p, h1, h2, img, textarea')
                && !node.closest('.sr-only, .skip, .people')
                && (box.right > innerWidth + 1 || box.left < -1);
            return scrolls || beyond || document.documentElement.scrollWidth > innerWidth;
        }).map((node) => node.outerHTML.slice(0, 120))"""
    )
    return found


@pytest.mark.parametrize(
    ("width", "email"), [(390, "elif@example.org"), (320, "farid@example.org")]
)
def test_nothing_scrolls_sideways_on_a_phone(
    page: Page, address: str, width: int, email: str
) -> None:
    page.set_viewport_size({"width": width, "height": 700})
    message = visit(page, address, email)
    assert overflowing(page) == []
    score(message, 10).click()
    expect(message.get_by_role("heading")).to_have_text("You said 10.")
    assert overflowing(page) == []
    message.get_by_role("button", name="Add a reason").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert overflowing(page) == []
    page.get_by_role("dialog").get_by_role("textbox").fill("W" * 400)
    page.get_by_role("dialog").get_by_role("button", name="Send").click()
    expect(message.get_by_text("You wrote:")).to_be_visible()
    assert overflowing(page) == []
    visit(page, address, ADA)
    page.reload()
    report = say(page, "/nps report")
    expect(report.locator("img")).to_have_js_property("complete", value=True)
    assert overflowing(page) == []


def violations(page: Page) -> list[str]:
    """What axe finds, a line each."""
    found = Axe().run(page)
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found.response["violations"]
        for node in one["nodes"]
    ]


@pytest.mark.parametrize(
    ("scheme", "email"), [("light", "grace@example.org"), ("dark", "hana@example.org")]
)
def test_axe_finds_nothing_to_complain_about(
    page: Page, address: str, scheme: str, email: str
) -> None:
    page.emulate_media(
        color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce"
    )
    page.goto(f"{address}#{email}")
    message = newest(page)
    expect(message).to_be_visible()
    found = {"greeting": violations(page)}
    page.get_by_role("button", name="Got it").click()
    found["asked"] = violations(page)
    score(message, 2).click()
    expect(message.get_by_role("heading")).to_have_text("You said 2.")
    found["answered"] = violations(page)
    message.get_by_role("button", name="Add a reason").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    found["dialog"] = violations(page)
    page.keyboard.press("Escape")
    visit(page, address, ADA)
    page.reload()
    report = say(page, "/nps report by team")
    expect(report.locator("img")).to_have_js_property("complete", value=True)
    found["report"] = violations(page)

    assert {state: wrong for state, wrong in found.items() if wrong} == {}


def test_the_browser_test_would_hear_a_complaint(page: Page, complaints: list[str]) -> None:
    page.goto("about:blank")
    page.evaluate("console.error('heard')")
    assert complaints == ["heard"]
    complaints.clear()
