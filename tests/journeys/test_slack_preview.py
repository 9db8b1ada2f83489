"""The page that shows what Voxpop says in Slack, in a real browser."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.world import Process

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the page is."""
    folder = tmp_path_factory.mktemp("demo")
    with Process(folder, "demo", "--port", "0", "--people", "16") as demo:
        found = re.search(r"http://\S+/sandbox", demo.until("Ctrl+C stops it", seconds=60))
        assert found is not None
        yield f"{found[0]}/slack-preview"


@pytest.fixture(scope="module")
def browser(chromium: str | None) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium)
        yield found
        found.close()


def opened(browser: Browser, address: str, *, scheme: str, width: int, bypass_csp: bool) -> Page:
    context = browser.new_context(
        bypass_csp=bypass_csp, viewport={"width": width, "height": 800}, locale="en-GB"
    )
    page = context.new_page()
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(address)
    expect(page.locator("main")).to_have_attribute("aria-busy", "false")
    return page


def test_everything_is_drawn_under_the_pages_own_policy(browser: Browser, address: str) -> None:
    page = opened(browser, address, scheme="light", width=1000, bypass_csp=False)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.on("requestfailed", lambda request: complaints.append(f"{request.failure}"))
    page.reload()
    question = page.get_by_role("region", name="Question", exact=True)
    expect(question.get_by_role("button")).to_have_count(14)
    expect(question.get_by_role("button", name="6 of 10")).to_have_text("6")
    expect(page.get_by_role("combobox")).to_have_count(1)
    expect(page.get_by_label("What should we fix first?")).to_be_editable()
    chart = page.get_by_role("region", name="Report", exact=True).locator("img")
    chart.scroll_into_view_if_needed()
    expect(chart).to_have_js_property("naturalWidth", 2_400)
    expect(page.locator(".unknown")).to_have_count(0)
    assert complaints == []


def test_what_a_button_would_do_is_told_to_the_keyboard_too(browser: Browser, address: str) -> None:
    page = opened(browser, address, scheme="light", width=1000, bypass_csp=False)
    question = page.get_by_role("region", name="Question", exact=True)
    question.get_by_role("button", name="5 of 10").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("In Slack this press would come back as s6.")


@pytest.mark.parametrize("width", [360, 1000])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_sticks_out(
    browser: Browser, address: str, scheme: str, width: int
) -> None:
    # axe is brought in as a script, which the page's own policy forbids.
    page = opened(browser, address, scheme=scheme, width=width, bypass_csp=True)
    page.get_by_role("region", name="Thanks", exact=True).locator("summary").click()
    found = Axe().run(page).response["violations"]
    assert [(one["id"], node["html"]) for one in found for node in one["nodes"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
