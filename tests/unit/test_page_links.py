from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from structlog.testing import capture_logs

from runtime.links import SignedLinks
from survey.card import Subject
from survey.ports import Purpose
from survey.states import CampaignState
from survey.survey import Answers
from tests.examples import MONDAY, NPS_SURVEY
from tests.pages import KEYS, Pages, get, headline, post

ONCE = replace(NPS_SURVEY, answers=Answers.ONCE)
NOT_VALID = "This feedback link doesn&#39;t appear to be valid."


async def test_a_link_whose_time_is_over_says_so() -> None:
    pages = Pages()
    path = pages.path(expires_at=MONDAY + timedelta(hours=1))
    assert (await get(pages, path)).status_code == 200
    pages.clock.forward(hours=1)
    for answer in (await get(pages, path), await post(pages, path, score=6)):
        assert answer.status_code == 410
        assert headline(answer) == "This feedback link has expired."
    assert pages.store.writes == []


async def test_a_round_that_was_closed_a_moment_ago_counts_nothing_and_gives_the_words_back() -> (
    None
):
    pages = Pages()
    await get(pages, pages.path())
    pages.store.move(replace(pages.invitation.campaign, state=CampaignState.CLOSING))
    pressed = await post(pages, pages.path(), score=6)
    assert pressed.status_code == 410
    assert headline(pressed) == "This round is closed; thank you."
    assert "so I couldn&#39;t count that." in pressed.text


async def test_words_that_come_too_late_are_given_back() -> None:
    pages = Pages()
    await post(pages, pages.path(), score=6)
    pages.store.move(replace(pages.invitation.campaign, state=CampaignState.CLOSING))
    answer = await post(pages, pages.path(), do="comment", words="Less noise")
    assert answer.status_code == 410
    assert "Less noise" in answer.text


def bent(token: str) -> str:
    return token[:-1] + ("A" if token[-1] != "A" else "B")


async def test_links_that_are_bent_forged_foreign_or_unknown_all_look_the_same() -> None:
    pages = Pages()
    good = pages.path()
    stranger = SignedLinks(("a key of somebody else entirely!",), "http://voxpop.test")
    pages_of_stranger = Pages()
    pages_of_stranger.links = stranger
    unknown = pages.path(subject=Subject(campaign_id=1, invitation_id=UUID(int=99)))
    no_round = pages.path(subject=Subject(campaign_id=7, invitation_id=UUID(int=1)))
    answers = [
        await get(pages, path)
        for path in (
            bent(good),
            pages_of_stranger.path(),
            good.replace("/s/", "/u/"),
            pages.path(Purpose.UNSUBSCRIBE).replace("/u/", "/s/"),
            "/s/" + "x" * 2_000,
            "/s/%00",
            "/s/ü",
            no_round,
        )
    ]
    answers.append(await post(pages, unknown, score=6))
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert headline(answers[0]) == NOT_VALID


async def test_a_link_that_an_older_key_has_signed_is_good() -> None:
    pages = Pages()
    pages.links = SignedLinks(KEYS[1:], "http://voxpop.test")
    assert (await get(pages, pages.path())).status_code == 200


async def test_whoever_guesses_waits_and_a_genuine_link_never_does() -> None:
    pages = Pages(failures="3/minute")
    answers = [await get(pages, "/s/guess") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [404, 404, 404, 429, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert answers[-1].content == answers[0].content
    assert (await get(pages, pages.path())).status_code == 200
    assert (await post(pages, pages.path(), score=6)).status_code == 200


async def test_the_logs_count_refused_links_and_never_hold_one() -> None:
    pages = Pages()
    with capture_logs() as logs:
        for _ in range(3):
            await get(pages, "/s/guessed-token")
        pages.clock.forward(minutes=1)
        await get(pages, "/s/guessed-token")
    refused = [line for line in logs if line["event"] == "link_refused"]
    assert [line["count"] for line in refused] == [1, 3]
    assert "guessed-token" not in repr(logs)
    audited = [(line.entry.action, line.entry.about) for line in pages.store.audited]
    assert audited == [("link.refused", "1 not valid"), ("link.refused", "3 not valid")]


async def test_a_link_is_refused_though_nobody_can_note_it() -> None:
    pages = Pages()
    pages.store.down.add("*")
    assert (await get(pages, "/s/guessed-token")).status_code == 404


async def test_whoever_has_no_good_link_is_answered_in_the_language_of_their_browser() -> None:
    pages = Pages()
    answer = await get(pages, "/s/guess", **{"Accept-Language": "en-US,de;q=0.5"})
    assert 'lang="en-US"' in answer.text
    odd = await get(pages, "/s/guess", **{"Accept-Language": '*, "><script>'})
    assert odd.status_code == 404
    assert 'lang="en-GB"' in odd.text
