"""What people read on the pages: `tests/goldens/page`."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from runtime.languages import language
from survey.errors import StorageUnavailable
from survey.invitation import Response
from survey.page import Page
from survey.rights import Lifted
from survey.scale import CSAT
from survey.states import CampaignState, InvitationState
from survey.survey import Answers, Mode, Survey
from survey.wording import page_ends, paged, unsubscribing
from tests.examples import MONDAY, NPS_SURVEY, campaign, invitation
from tests.goldens import compare, compare_names
from tests.happened import FEATURES, VISITS, brought
from tests.happened import TICKETS as DESK

BERLIN = ZoneInfo("Europe/Berlin")
ENGLISH = language("en")
ROUND = campaign()
TICKETS = Survey(
    name="tickets", subject="our support", scale=CSAT, mode=Mode.IDENTIFIED, one_press=True
)
ASKING = paged.question(ROUND, ENGLISH, tz=BERLIN, now=MONDAY, from_mail=False)


def answered(survey: Survey = NPS_SURVEY, *, changed: bool = True, **response: object) -> Page:
    said = Response(**response)  # type: ignore[arg-type]
    of = invitation(campaign=campaign(survey), state=InvitationState.ANSWERED, response=said)
    return paged.answered(of, ENGLISH, tz=BERLIN, now=MONDAY, changed=changed)


PAGES: Mapping[str, Page] = {
    "question": paged.question(ROUND, ENGLISH, tz=BERLIN, now=MONDAY),
    "question-chosen": paged.question(ROUND, ENGLISH, tz=BERLIN, now=MONDAY, chosen=6),
    "answered": answered(score=6),
    "answered-once": answered(replace(NPS_SURVEY, answers=Answers.ONCE), score=10),
    "answered-five": answered(TICKETS, score=1),
    "changed": answered(score=9, previous=6, comment="Less noise"),
    "commented": answered(score=6, comment="Less noise", changed=False),
    "provisional": paged.provisional(campaign(TICKETS), 4, ENGLISH, tz=BERLIN, now=MONDAY),
    **{
        f"question-about-{survey.name}": paged.question(
            brought(survey).campaign,
            ENGLISH,
            tz=BERLIN,
            now=MONDAY,
            chosen=4,
            invitation=brought(survey),
        )
        for survey in (DESK, FEATURES, VISITS)
    },
    "answered-visits": paged.answered(
        brought(VISITS, state=InvitationState.ANSWERED, response=Response(score=2)),
        ENGLISH,
        tz=BERLIN,
        now=MONDAY,
    ),
    "already-visits": page_ends.already(VISITS, ENGLISH),
    "lost-tickets": page_ends.lost(DESK, ENGLISH),
    "closed-tickets": page_ends.closed(brought(DESK).campaign, ENGLISH, tz=BERLIN, pressed=False),
    "closed-tickets-meanwhile": page_ends.closed(
        brought(DESK).campaign, ENGLISH, tz=BERLIN, pressed=True
    ),
    "once-more": paged.once_more(ASKING, ENGLISH),
    "not-by-itself": paged.not_by_itself(ASKING, ENGLISH),
    "words-once-more": paged.words_once_more(answered(score=6), ENGLISH),
    "words-refused": paged.words_refused(
        ROUND, 6, "Less noise", ENGLISH, why=paged.nothing_written(ENGLISH)
    ),
    "words-before-score": paged.words_before_score(ASKING, ENGLISH),
    "not-saved": paged.refused(ASKING, StorageUnavailable("away"), ENGLISH),
    "undone": paged.undone(ASKING, ROUND, ENGLISH, until="tomorrow at 17:00"),
    "already": page_ends.already(ROUND.survey, ENGLISH),
    "expired": page_ends.expired(ENGLISH),
    "closed": page_ends.closed(
        campaign(state=CampaignState.CLOSED), ENGLISH, tz=BERLIN, pressed=False
    ),
    "closed-meanwhile": page_ends.closed(
        campaign(state=CampaignState.CLOSED), ENGLISH, tz=BERLIN, pressed=True
    ),
    "no-longer": page_ends.no_longer(ENGLISH),
    "not-valid": page_ends.not_valid(ENGLISH),
    "try-again": page_ends.try_again(ENGLISH),
    "unforeseen": page_ends.unforeseen(ENGLISH),
    "stop-asking": unsubscribing.asking(NPS_SURVEY, ENGLISH),
    "stopped-all": unsubscribing.done(NPS_SURVEY, ENGLISH, everything=True),
    "stopped-this": unsubscribing.done(NPS_SURVEY, ENGLISH, everything=False),
    "stop-not-saved": unsubscribing.not_saved(unsubscribing.asking(NPS_SURVEY, ENGLISH), ENGLISH),
    "stop-once-more": unsubscribing.once_more(unsubscribing.asking(NPS_SURVEY, ENGLISH), ENGLISH),
    "back": unsubscribing.back(Lifted(anything=True), ENGLISH),
    "back-in-part": unsubscribing.back(
        Lifted(
            anything=True,
            still_stopped=("pulse", "tickets"),
            snoozed_until=(MONDAY + timedelta(days=4)).date(),
        ),
        ENGLISH,
    ),
    "back-though-all-stopped": unsubscribing.back(
        Lifted(anything=True, still_stopped=("",)), ENGLISH
    ),
}


def written(page: Page) -> str:
    """A page as text, from top to bottom; what stands folded follows what opens it."""
    return "\n".join(row for row in _rows(page) if row)


def _rows(page: Page) -> Iterator[str]:
    yield f"! {page.alert}" if page.alert else ""
    yield f"**{page.headline}**"
    yield from page.lines
    yield f"> {page.quote}" if page.quote else ""
    marks = page.marks
    if marks is not None:
        yield f"[{page.change}]" if page.change else ""
        yield " ".join(
            f"[*{one.label}*]" if one.label == str(marks.chosen) else f"[{one.label}]"
            for one in marks.buttons
        )
        yield marks.anchors
        yield marks.hint
        sent = marks.chosen if marks.chosen is not None else 6
        yield f"[{marks.sends[sent]}]" if marks.hint else ""
    if page.words is not None:
        yield f"[{page.edit}]" if page.edit else ""
        yield page.words.label
        yield page.words.hint
        yield f"! {page.words.wrong}" if page.words.wrong else ""
        yield f"<{page.words.value}>"
        yield f"{page.words.most} · {page.words.count}"
        yield f"[{page.words.send}]" if page.words.send else ""
    yield from (f"[{choice.label}]" for choice in page.choices)
    yield f"[{page.undo}]" if page.undo else ""
    yield from (f"_{note}_" for note in page.notes)


@pytest.mark.parametrize("name", PAGES)
def test_people_read(name: str) -> None:
    compare("page", name, written(PAGES[name]))


def test_every_golden_is_still_said() -> None:
    compare_names("page", PAGES)


def test_templates_hold_no_sentence_of_their_own() -> None:
    folder = Path(__file__).parents[2] / "webapp" / "templates"
    bare = re.sub(r"{%.*?%}|{{.*?}}|<[^>]*>", " ", (folder / "page.html").read_text("utf-8"))
    assert re.findall(r"[^\W\d_]{2,}", unescape(bare)) == []
