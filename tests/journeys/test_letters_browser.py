"""Letters as a mail program draws them: on a phone and beside a list, by day and by night."""

from collections.abc import Iterator
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.mail.letters import BRANDS, LETTERS, parcel

pytestmark = pytest.mark.browser

PHONE, BESIDE_A_LIST = 320, 640
SMALLEST = 44
"""Pixels that a finger needs each way."""


@pytest.fixture(scope="module")
def browser(chromium: str | None) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium)
        yield found
        found.close()


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> Literal["light", "dark"]:
    found: Literal["light", "dark"] = request.param
    return found


@pytest.fixture(params=[PHONE, BESIDE_A_LIST])
def page(
    browser: Browser, request: pytest.FixtureRequest, scheme: Literal["light", "dark"]
) -> Iterator[Page]:
    with browser.new_context(
        viewport={"width": request.param, "height": 800},
        color_scheme=scheme,
        offline=True,
    ) as context:
        yield context.new_page()


def opened(page: Page, name: str) -> list[str]:
    """The letter on the screen; and what was loaded for it."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    body = parcel(LETTERS[name](), brand=BRANDS.get(name)).message.get_body(("html",))
    assert body is not None
    page.set_content(body.get_content(), wait_until="domcontentloaded")
    return asked


@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_fits_and_can_be_pressed(page: Page, name: str) -> None:
    asked = opened(page, name)
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    boxes = [link.bounding_box() for link in page.locator("a.press").all()]
    assert boxes
    for box in boxes:
        assert box is not None
        assert box["width"] >= SMALLEST
        assert box["height"] >= SMALLEST
    assert asked == ([BRANDS[name].logo_url] if name in BRANDS else [])


@pytest.mark.parametrize("name", ["question", "five-marks", "right-to-left", "no-scores"])
def test_axe_finds_nothing_to_complain_about(page: Page, name: str) -> None:
    opened(page, name)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": tags}})
    assert found.response["passes"]
    assert [(one["id"], one["nodes"][0]["target"]) for one in found.response["violations"]] == []


def test_eleven_marks_stand_in_two_even_rows_on_a_phone(page: Page) -> None:
    opened(page, "question")
    tops = [box["y"] for link in page.locator("a.press").all() if (box := link.bounding_box())]
    rows = [tops.count(top) for top in sorted(set(tops))]
    wide = page.viewport_size is not None and page.viewport_size["width"] == BESIDE_A_LIST
    assert rows == ([11] if wide else [6, 5])


def test_the_lowest_mark_stands_where_reading_begins(page: Page) -> None:
    places = {}
    for name in ("question", "right-to-left"):
        opened(page, name)
        boxes = [link.bounding_box() for link in page.locator("a.press").all()[:2]]
        places[name] = [box["x"] for box in boxes if box is not None]
    assert places["question"] == sorted(places["question"])
    assert places["right-to-left"] == sorted(places["right-to-left"], reverse=True)


def test_without_scripts_and_styles_of_its_own_a_letter_is_still_whole(page: Page) -> None:
    opened(page, "question")
    page.evaluate("document.querySelectorAll('style').forEach(one => one.remove())")
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("h1").inner_text() == LETTERS["question"]().headline
