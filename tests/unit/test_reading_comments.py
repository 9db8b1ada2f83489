"""Comments, comparisons and files, as administrators get them in chat."""

import csv
import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survey.campaign import Period
from survey.card import Card, Reply
from survey.errors import InvalidValue
from survey.invitation import Invitation, Response
from survey.report import BOM, NamedAnswer, RoundComments, Withheld
from survey.states import CampaignState, InvitationState
from survey.survey import Mode
from survey.wording.comments import inert
from tests.chat import ADA, BEN, Chat, a_chat
from tests.examples import MONDAY, NPS_SURVEY, campaign, invitation, person
from tests.goldens import compare

NAMED = replace(NPS_SURVEY, mode=Mode.IDENTIFIED)
CLOSED: dict[str, Any] = {"state": CampaignState.CLOSED, "closed_at": MONDAY}
TEAMS = ("Platform", "Sales")


def answered(number: int, score: int, comment: str | None = None, **changes: Any) -> Invitation:
    return invitation(
        number + 100 * changes.get("id", 1),
        person=person(
            number=number + 10, name=f"P{number}", attributes={"team": TEAMS[number % 2]}
        ),
        state=InvitationState.ANSWERED,
        response=Response(score=score, comment=comment),
        pressed_at=MONDAY + timedelta(minutes=number),
        campaign=campaign(**({"invited": 60, "reached": 60} | changes)),
    )


async def a_round(*answers: Invitation) -> Chat:
    chat = await a_chat(*answers, surveys=(answers[0].campaign.survey,))
    chat.me = ADA
    return chat


def private(reply: Reply) -> Card:
    assert reply.private is not None
    return reply.private


def rows_of(card: Card) -> list[dict[str, str]]:
    """The rows of the file that goes with a card."""
    assert card.attachment is not None
    text = card.attachment.content.decode()
    assert text.startswith(BOM)
    return list(csv.DictReader(io.StringIO(text.removeprefix(BOM), newline="")))


def everything_in(reply: Reply) -> str:
    card = private(reply)
    assert (reply.update, reply.share, reply.thread, reply.dialog) == (None, None, None, None)
    file = card.attachment.content.decode() if card.attachment else ""
    shown = card.picture.text + card.picture.png.decode() if card.picture else ""
    return "\n".join([card.text, shown, file, *(b.label + b.value for b in card.buttons)])


# Comments


async def test_comments_with_names_at_once() -> None:
    chat = await a_round(
        answered(1, 3, "Deploys take\nall day", survey=NAMED),
        answered(2, 9, "`@channel` *lunch* <b>is</b> great", survey=NAMED),
        answered(3, 8, survey=NAMED),
    )
    await chat.types("/nps comments")
    await chat.types("/nps report")
    await chat.press("Comments")
    compare("dialogues", "comments-named", chat.transcript)


async def test_comments_without_names_wait_for_the_close_and_for_2k() -> None:
    words = [f"Word {number}" for number in range(10)]
    open_ones = [answered(number, 9, word) for number, word in enumerate(words)]
    chat = await a_round(*open_ones)
    await chat.types("/nps comments")
    few = await a_round(*(answered(n, 9, word, **CLOSED) for n, word in enumerate(words[:9])))
    await few.types("/nps comments")
    enough = await a_round(*(answered(n, 9, word, **CLOSED) for n, word in enumerate(words)))
    await enough.types("/nps comments nps 2026Q4")
    silent = await a_round(*(answered(n, 9, **CLOSED) for n in range(10)))
    await silent.types("/nps comments nps/2026Q4")
    told = (one.transcript for one in (chat, few, enough, silent))
    compare("dialogues", "comments-unnamed", "\n".join(told))


async def test_a_long_list_comes_as_a_file() -> None:
    words = [f"={number}" + " word" * number for number in range(70)]
    chat = await a_round(*(answered(n, 9, word, survey=NAMED) for n, word in enumerate(words)))
    card = private(await chat.types("/nps comments"))
    assert len(card.lines) == 20
    assert max(map(len, card.lines)) < 320
    assert card.lines[0].endswith("…”")
    assert card.attachment is not None
    assert card.attachment.name == "nps-2026Q4-comments.csv"
    rows = rows_of(card)
    assert [row["comment"] for row in rows] == [f"'{word}" for word in reversed(words)]
    assert {row["attribute_team"] for row in rows} == set(TEAMS)


async def test_a_short_list_needs_no_file_unless_something_was_cut() -> None:
    short = await a_round(answered(1, 3, "x" * 280, survey=NAMED))
    assert private(await short.types("/nps comments")).attachment is None
    long = await a_round(answered(1, 3, "x" * 281, survey=NAMED))
    card = private(await long.types("/nps comments"))
    assert [row["comment"] for row in rows_of(card)] == ["x" * 281]


@given(st.text())
def test_what_people_write_stays_on_its_line_and_marks_nothing(text: str) -> None:
    assert len(inert(text).splitlines()) <= 1
    assert "`" not in inert(text)
    assert len(inert(text, longest=20)) <= 20


@pytest.mark.parametrize(
    "leak",
    [
        {"withheld": Withheld.OPEN, "unnamed": ("Deploys",)},
        {"withheld": Withheld.FEW, "unnamed": ("Deploys",)},
        {"named": (NamedAnswer(email="a@example.org", name="A", score=3, comment="Deploys"),)},
    ],
)
def test_comments_that_are_withheld_are_nowhere(leak: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue):
        RoundComments(
            survey="nps",
            campaign="nps/2026Q4",
            period="2026Q4",
            mode="confidential",
            k=5,
            **leak,
        )


# Comparing


async def rounds(*scores: list[int]) -> Chat:
    """Rounds one after the other, the last one running."""
    asked = []
    for place, given_now in enumerate(scores):
        last = place == len(scores) - 1
        changes: dict[str, Any] = {
            "id": place + 1,
            "period": Period(2026, place + 1),
            "started_at": MONDAY - timedelta(days=90 * (len(scores) - place)),
            **({} if last else CLOSED),
        }
        asked += [answered(n, score, **changes) for n, score in enumerate(given_now)]
    return await a_round(*asked)


async def test_rounds_are_compared_one_by_one() -> None:
    chat = await rounds([9] * 20 + [6] * 20, [9] * 22 + [6] * 20, [2] * 4, [9] * 40 + [6] * 3)
    await chat.types("/nps report")
    reply = await chat.press("Compare")
    compare("dialogues", "compare", chat.transcript)
    picture = private(reply).picture
    assert picture is not None
    assert picture.png == b"trend of nps/2026Q4 in en_GB"
    alone = await rounds([9] * 6)
    await alone.types("/nps report")
    reply = await alone.press("Compare")
    assert private(reply).picture is None
    assert private(reply).headline == "nps: one round so far"


# Files


async def test_a_file_with_names_has_a_row_for_each_answer() -> None:
    chat = await a_round(
        answered(1, 3, "=1+1", survey=NAMED),
        answered(2, 9, survey=NAMED),
        invitation(9, campaign=campaign(survey=NAMED, invited=60, reached=60)),
    )
    card = private(await chat.types("/nps export"))
    assert card.headline == "nps-2026Q4.csv is ready."
    assert rows_of(card) == [
        {
            "campaign": "nps/2026Q4",
            "email": "p1@example.org",
            "name": "P1",
            "attribute_team": "Sales",
            "score": "3",
            "comment": "'=1+1",
            "pressed_at": "2026-11-16T09:01:00+00:00",
        },
        {
            "campaign": "nps/2026Q4",
            "email": "p2@example.org",
            "name": "P2",
            "attribute_team": "Platform",
            "score": "9",
            "comment": "",
            "pressed_at": "2026-11-16T09:02:00+00:00",
        },
    ]


async def test_a_file_without_names_has_no_row_for_anybody() -> None:
    chat = await a_round(*(answered(n, 9 - n % 2, f"@{n}", **CLOSED) for n in range(11)))
    await chat.types("/nps report")
    rows = rows_of(private(await chat.press("Export")))
    assert [row["kind"] for row in rows] == (
        ["invited", "reached", "answered", "pending", "overall"]
        + ["score"] * 11
        + ["group"] * 2
        + ["comment"] * 11
    )
    assert {row["score"]: row["people"] for row in rows if row["kind"] == "score"}["9"] == "6"
    groups = [(r["value"], r["people"], r["suppressed"]) for r in rows if r["kind"] == "group"]
    assert groups == [("Platform", "6", "no"), ("Sales", "5", "no")]
    comments = [row for row in rows if row["kind"] == "comment"]
    assert {row["comment"] for row in comments} == {f"'@{n}" for n in range(11)}
    assert {v for row in comments for k, v in row.items() if k not in {"campaign", "kind"}} == {
        "",
        *(row["comment"] for row in comments),
    }


# Who may, and what never shows


@pytest.mark.parametrize("button", ["Comments", "Compare", "Export", "Share here"])
async def test_fault_62_the_buttons_of_a_report_are_for_administrators(button: str) -> None:
    chat = await a_round(*(answered(n, 9, "Secret", **CLOSED) for n in range(11)))
    await chat.types("/nps report")
    refused = private(await chat.press(button, by=BEN))
    assert refused.headline.endswith("administrators: ada@example.org.")
    assert (refused.lines, refused.attachment, refused.picture) == ((), None, None)


scores_and_words = st.lists(
    st.tuples(st.integers(0, 10), st.sampled_from(["", "Deploys", "=cmd()", "@all `x`", "7"])),
    max_size=14,
)


@settings(max_examples=60)
@given(scores_and_words)
async def test_no_comment_and_no_single_score_of_a_running_round_is_anywhere(
    given_now: list[tuple[int, str]],
) -> None:
    marker = "Zebra"
    asked = [
        answered(n, score, f"{words} {marker}{n}" if words else None)
        for n, (score, words) in enumerate(given_now)
    ] or [invitation(campaign=campaign(invited=60, reached=60))]
    chat = await a_round(*asked)
    said = [
        await chat.types(command)
        for command in ("/nps comments", "/nps export", "/nps report", "/nps report by team")
    ]
    if private(said[-1]).buttons:
        for button in ("Comments", "Compare", "Export", "Share here"):
            await chat.types("/nps report")
            reply = await chat.press(button)
            said.append(replace(reply, private=reply.share or reply.private, share=None))
    told = [everything_in(reply) for reply in said]
    assert not [text for text in told if marker in text]
    assert not [text for text in told if "@example.org" in text]
    kinds = {row["kind"] for row in rows_of(private(said[1]))}
    assert "comment" not in kinds
    assert ("score" in kinds) is (len(given_now) >= 5)
    if len(given_now) < 5:
        assert not [text for text in told if "NPS" in text or "%:" in text]
