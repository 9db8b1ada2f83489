"""Faults on the pages behind links: what comes in is hostile, and nothing is lost or told."""

import re
from collections.abc import Mapping
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest

from runtime.links import SignedLinks
from runtime.serving import create_server_app
from survey.card import Subject
from survey.ports import Link, Purpose
from survey.survey import Answers
from survey.wording.asked import subject_of
from tests.visits import Visit, visit
from tests.world import World

HOSTILE = [
    "'; DROP TABLE responses; --",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "{{7*7}}{% raw %}${7*7}#{7*7}",
    '"><a href="https://evil.example">here</a>',
]


@pytest.fixture
async def web(world: World) -> httpx.AsyncClient:
    app = create_server_app(world.product)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=world.settings.base_url)


def seen(answer: httpx.Response) -> tuple[int, bytes, Mapping[str, str]]:
    return answer.status_code, answer.content, dict(answer.headers)


async def test_fault_34_tampered_and_unknown_links_look_alike_and_genuine_ones_say_why(
    world: World, web: httpx.AsyncClient
) -> None:
    mine = await visit(world, web)
    good = await mine.path()
    about = subject_of(await world.invitation(3))
    issued = world.clock() - timedelta(hours=1)
    far = issued + timedelta(days=30)
    stranger = SignedLinks(("the-key-of-somebody-else-entirely",), "http://localhost")
    known = Link(subject=about, locale="en", issued_at=issued, expires_at=far)
    nobody = Link(
        subject=Subject(campaign_id=about.campaign_id, invitation_id=uuid4()),
        locale="en",
        issued_at=issued,
        expires_at=far,
    )
    token = good.removeprefix("/s/")
    wrong = [
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        ("B" if token[0] != "B" else "C") + token[1:],
        token[: len(token) // 2],
        "nothing-of-ours",
        stranger.token(known, Purpose.ANSWER),
        world.product.links.token(known, Purpose.UNSUBSCRIBE),
    ]
    opened = {str(seen(await web.get(f"/s/{one}"))) for one in wrong}
    assert len(opened) == 1
    unknown = f"/s/{world.product.links.token(nobody, Purpose.ANSWER)}"
    pressed = {
        str(seen(await web.post(path, data={"score": "6"})))
        for path in (*(f"/s/{one}" for one in wrong), unknown)
    }
    assert len(pressed) == 1
    assert "404" in opened.pop()

    assert (await web.post(good, data={"score": "6"})).status_code == 200
    expired = Link(
        subject=about, locale="en", issued_at=issued, expires_at=issued + timedelta(hours=1)
    )
    late = await web.get(f"/s/{world.product.links.token(expired, Purpose.ANSWER)}")
    assert late.status_code == 410
    assert "This feedback link has expired." in late.text


async def test_fault_34_a_used_link_says_that_it_was_used(
    world: World, web: httpx.AsyncClient
) -> None:
    world.survey(answers=Answers.ONCE)
    mine = await visit(world, web)
    await mine.post(score=6)
    used = await web.get(await mine.path())
    assert used.status_code == 409
    assert "already received your feedback" in used.text


async def test_fault_39_comment_of_1_mb(world: World, web: httpx.AsyncClient) -> None:
    mine = await visit(world, web)
    await mine.post(score=6)
    answer = await mine.post(do="comment", words="x" * 1_000_000)
    assert answer.status_code == 413
    assert "2,000" in answer.text
    answer = await mine.post(do="comment", words="y" * 2_001)
    assert answer.status_code == 422
    assert "2,000" in answer.text
    assert "y" * 2_001 in answer.text  # given back, to be shortened
    assert await mine.answer() == (6, None)


async def test_fault_40_nul_bytes_and_lone_surrogates(world: World, web: httpx.AsyncClient) -> None:
    mine = await visit(world, web)
    await mine.post(score=6)
    form = b"do=comment&words=A%00B%ED%A0%80C%EF%BF%BE"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await web.post(await mine.path(), content=form, headers=headers)).status_code == 200
    _, kept = await mine.answer()
    assert kept is not None
    assert kept.startswith("AB")
    assert not re.search("[\x00\ud800-\udfff]", kept)


@pytest.mark.parametrize("words", ["👩🏽‍🚀 שלום עולם", "abc\u200bdef", "السعر 5 €"])
async def test_fault_41_emoji_right_to_left_and_zero_width_are_kept_as_typed(
    world: World, web: httpx.AsyncClient, words: str
) -> None:
    mine = await visit(world, web)
    await mine.post(score=6)
    answer = await mine.post(do="comment", words=words)
    assert (await mine.answer())[1] == words
    assert re.search(r'<[^>]+dir="?auto"?[^>]*>[^<]*' + re.escape(words), answer.text)


@pytest.mark.parametrize("words", HOSTILE)
async def test_fault_42_sql_html_and_template_text_is_inert(
    world: World, web: httpx.AsyncClient, words: str
) -> None:
    world.survey(subject=words)
    mine = await visit(world, web)
    asked = await web.get(await mine.path())
    await mine.post(score=6)
    answer = await mine.post(do="comment", words=words)
    assert (await mine.answer())[1] == words
    for page in (asked, answer):
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert 'evil.example">' not in page.text
        assert "49" not in re.sub("(?s)<style.*?</style>|<script.*?</script>", "", page.text)


async def test_fault_48_guesses_are_throttled_by_client_and_genuine_links_never(
    world: World,
) -> None:
    world = world.restarted(VOXPOP_TRUSTED_PROXIES="10.0.0.0/8")
    app = create_server_app(world.product)
    transport = httpx.ASGITransport(app, client=("10.1.2.3", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as web:
        mine = await visit(world, web)
        office, home = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.2"}
        guessed = [
            (await web.get(f"/s/guess-{number}", headers=office)).status_code
            for number in range(25)
        ]
        assert guessed == [404] * 20 + [429] * 5
        assert (await web.get("/u/guess", headers=office)).status_code == 429
        assert (await web.get("/s/guess", headers=home)).status_code == 404
        good = await mine.path()
        assert (await web.get(good, headers=office)).status_code == 200
        pressed = await web.post(good, data={"score": "6"}, headers=office)
        assert pressed.status_code == 200
    assert await mine.answer() == (6, None)
    await world.close()


async def test_fault_49_whoever_opens_every_link_rates_nothing(
    world: World, web: httpx.AsyncClient
) -> None:
    mine = await visit(world, web)
    answer, stop = await mine.path(), await mine.path(Purpose.UNSUBSCRIBE)
    for link in (*(f"{answer}?score={mark}" for mark in range(11)), answer, stop):
        for method in ("HEAD", "GET", "OPTIONS"):
            assert (await web.request(method, link)).status_code in {200, 405}
    assert await mine.answer() == (None, None)
    assert (await world.invitation(3)).state.value == "sent"


async def test_fault_50_what_a_scanner_posts_is_set_aside_and_the_persons_answer_wins(
    world: World, web: httpx.AsyncClient
) -> None:
    mine = await visit(world, web)
    made = world.clock().replace(microsecond=0)
    fresh = Link(
        subject=subject_of(await world.invitation(3)),
        locale="en",
        issued_at=made,
        expires_at=made + timedelta(days=30),
    )
    path = f"/s/{world.product.links.token(fresh, Purpose.ANSWER)}"
    for mark in (0, 5, 10):
        answer = await web.post(path, data={"score": str(mark)})
        assert answer.status_code == 202
        assert "You said" not in answer.text
    assert await mine.answer() == (None, None)
    world.clock.forward(seconds=10)
    assert (await web.post(path, data={"score": "8"})).status_code == 200
    assert await mine.answer() == (8, None)


async def test_fault_53_unsubscribed_twice_over_http(world: World, web: httpx.AsyncClient) -> None:
    mine: Visit = await visit(world, web)
    path = await mine.path(Purpose.UNSUBSCRIBE)
    answers = [await web.post(path, data={"List-Unsubscribe": "One-Click"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    person = await world.product.people.by_email("person3@example.org")
    assert person is not None
    assert await world.product.people.opted_out(person) == [""]
    assert len(await world.product.people.consents(person)) == 1
