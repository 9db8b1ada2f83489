"""REST: answer by a link, make links, read figures."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from survey.invitation import Invitation, Response
from survey.ports import Link, Purpose, Role, Suspicion
from survey.scale import CSAT, NPS
from survey.states import CampaignState, InvitationState
from survey.survey import Answers, Mode, Survey
from survey.wording.asked import subject_of
from tests.api import LINKS, Behind, bearer, client, token_of
from tests.examples import MONDAY, NPS_SURVEY, SetClock, campaign, invitation, person
from tests.fakes import FakeAnswers, FakeFigures, FakePeople, FakeRounds, Store
from tests.fakes_mail import FakeDoubtful, FakeKeys
from tests.fakes_rights import FakeAuditLog
from tests.happened import VISITS, brought
from webapp.throttle import Throttle

GENERATE, METRICS = "/api/v1/survey/generate", "/api/v1/nps/metrics"


@dataclass
class Office:
    """One survey, one person who was asked, and three keys."""

    store: Store = field(default_factory=Store)
    clock: SetClock = field(default_factory=SetClock)
    surveys: dict[str, Survey] = field(default_factory=lambda: {"nps": NPS_SURVEY})

    def behind(self, **changes: Any) -> Behind:
        return Behind(
            surveys=self.surveys,
            people=FakePeople(self.store),
            rounds=FakeRounds(self.store),
            answers=FakeAnswers(self.store),
            doubtful=FakeDoubtful(self.store),
            figures=FakeFigures(self.store),
            keys=FakeKeys(self.store),
            audit=FakeAuditLog(self.store),
            clock=self.clock,
            **changes,
        )

    def web(self, *, at: str = "203.0.113.7", **changes: Any) -> httpx.AsyncClient:
        return client(self.behind(**changes).app(), at=at)

    def link(self, asked: Invitation, **changes: Any) -> str:
        link = Link(
            subject=subject_of(asked),
            locale="en",
            issued_at=self.clock(),
            expires_at=self.clock() + timedelta(days=30),
        )
        return token_of(replace(link, **changes))

    @property
    def audited(self) -> list[tuple[str, str, str]]:
        said = [line.entry for line in self.store.audited]
        return [(entry.actor, entry.action, entry.about) for entry in said]


@pytest.fixture
async def office() -> Office:
    found = Office()
    found.store.asks(invitation())
    for role in Role:
        await FakeKeys(found.store).make(role.value, role, at=MONDAY)
    return found


async def submit(web: httpx.AsyncClient, token: str, **body: Any) -> httpx.Response:
    return await web.post(f"/api/v1/survey/{token}/submit", json=body)


def answer_of(office: Office, number: int = 1) -> Response:
    return next(one for one in office.store.invitations.values() if one.id.int == number).response


async def test_whoever_holds_the_link_answers_and_needs_no_key(office: Office) -> None:
    token = office.link(invitation())
    async with office.web() as web:
        answer = await submit(web, token, score=9, comment="  Good.  ")
    assert answer.status_code == 200
    assert answer.json() == {
        "id": str(invitation().id),
        "score": 9,
        "comment": "Good.",
        "score_type": "promoter",
        "created_at": "2026-11-16T09:00:00Z",
    }
    assert answer_of(office) == Response(score=9, comment="Good.")


async def test_what_the_page_kept_aside_counts_no_more(office: Office) -> None:
    about = subject_of(invitation())
    doubtful = FakeDoubtful(office.store)
    await doubtful.keep(about, 2, why=Suspicion.TOO_SOON, at=MONDAY)
    async with office.web() as web:
        assert (await submit(web, office.link(invitation()), score=9)).status_code == 200
    assert await doubtful.waiting(invitation().campaign) == []


async def test_another_answer_takes_the_place_of_the_first_and_its_comment_stays_untold(
    office: Office,
) -> None:
    token = office.link(invitation())
    async with office.web() as web:
        await submit(web, token, score=9, comment="Good.")
        changed = await submit(web, token, score=2, comment=None)
        blank = await submit(web, token, score=3, comment=" \n")
    assert changed.json()["score_type"] == "detractor"
    assert (changed.json()["comment"], blank.json()["comment"]) == (None, None)
    assert answer_of(office) == Response(score=3, previous=2, comment="Good.")


async def test_where_one_answer_is_taken_the_same_may_come_again_after_a_failure_and_no_other(
    office: Office,
) -> None:
    once = invitation(campaign=campaign(replace(NPS_SURVEY, answers=Answers.ONCE)))
    office.store.campaigns.clear()
    office.store.asks(once)
    token = office.link(once)
    async with office.web() as web:
        office.store.down = {"comment"}
        half = await submit(web, token, score=9, comment="Good.")
        office.store.down = set()
        other = await submit(web, token, score=1, comment="Bad.")
        again = await submit(web, token, score=9, comment="Good.")
        twice = await submit(web, token, score=9, comment="Better.")
        alone = await submit(web, token, score=9)
    assert (half.status_code, half.json()["code"]) == (503, "commit_unknown")
    assert (again.status_code, again.json()["comment"]) == (200, "Good.")
    for refused in (other, twice, alone):
        assert (refused.status_code, refused.json()["code"]) == (409, "already_submitted")
    assert answer_of(office).comment == "Good."


@pytest.mark.parametrize("score", [False, True, "6", 6.5, 11, -1, None, [6], 10**400])
async def test_what_is_no_score_is_refused_and_nothing_is_saved(
    office: Office, score: object
) -> None:
    async with office.web() as web:
        answer = await submit(web, office.link(invitation()), score=score)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert office.store.writes == []


async def test_a_score_of_another_scale_is_refused(office: Office) -> None:
    asked = invitation(campaign=campaign(replace(NPS_SURVEY, scale=CSAT)))
    office.store.campaigns.clear()
    office.store.asks(asked)
    async with office.web() as web:
        answer = await submit(web, office.link(asked), score=6)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_score")


async def test_a_comment_that_is_too_long_is_refused_with_its_score(office: Office) -> None:
    async with office.web() as web:
        answer = await submit(web, office.link(invitation()), score=9, comment="x" * 2_001)
        fits = await submit(web, office.link(invitation()), score=9, comment="x" * 2_000)
    assert (answer.status_code, answer.json()["code"]) == (422, "comment_too_long")
    assert fits.status_code == 200
    assert office.store.writes[0] == ("record", Response(score=9))


async def test_a_comment_is_as_long_as_its_survey_takes(office: Office) -> None:
    asked = brought(VISITS)
    office.store.campaigns.clear()
    office.store.asks(asked)
    async with office.web() as web:
        refused = await submit(web, office.link(asked), score=4, comment="x" * 501)
        writes = list(office.store.writes)
        fits = await submit(web, office.link(asked), score=4, comment="x" * 500)
    assert (refused.status_code, refused.json()["code"]) == (422, "comment_too_long")
    assert "500" in refused.json()["detail"]
    assert writes == []
    assert fits.status_code == 200


async def test_what_no_database_can_carry_is_stripped_of_a_comment(office: Office) -> None:
    body = b'{"score": 9, "comment": "a\\u0000b\\ud800c <b>\\u202e"}'
    async with office.web() as web:
        answer = await web.post(
            f"/api/v1/survey/{office.link(invitation())}/submit",
            content=body,
            headers={"Content-Type": "application/json"},
        )
    assert answer.status_code == 200
    assert answer_of(office).comment == "abc <b>\u202e"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"score": 9, "skore": 1}', b"\xff"])
async def test_a_body_that_does_not_fit_is_told_so(office: Office, body: bytes) -> None:
    async with office.web() as web:
        answer = await web.post(
            f"/api/v1/survey/{office.link(invitation())}/submit",
            content=body,
            headers={"Content-Type": "application/json"},
        )
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    assert office.store.writes == []


async def test_forged_bent_and_unknown_links_look_alike(office: Office) -> None:
    good = office.link(invitation())
    unknown = office.link(invitation(7))
    other_purpose = LINKS.token(
        Link(
            subject=subject_of(invitation()),
            locale="en",
            issued_at=MONDAY,
            expires_at=MONDAY + timedelta(days=1),
        ),
        Purpose.UNSUBSCRIBE,
    )
    forged = [good[:-1] + ("A" if good[-1] != "A" else "B"), unknown, other_purpose, "x", "ä%00"]
    async with office.web() as web:
        answers = [await submit(web, token, score=9) for token in forged]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["code"] == "invalid_token"


async def test_a_link_whose_time_is_over_says_so(office: Office) -> None:
    token = office.link(invitation())
    office.clock.forward(days=30, seconds=-1)
    office.store.move(campaign(closes_at=office.clock() + timedelta(days=9)))
    async with office.web() as web:
        in_time = await submit(web, token, score=9)
        office.clock.forward(seconds=1)
        late = await submit(web, token, score=9)
    assert in_time.status_code == 200
    assert (late.status_code, late.json()["code"]) == (410, "token_expired")


async def test_a_round_that_is_closed_says_so(office: Office) -> None:
    office.store.move(campaign(state=CampaignState.CLOSED))
    async with office.web() as web:
        answer = await submit(web, office.link(invitation()), score=9)
    assert (answer.status_code, answer.json()["code"]) == (410, "closed")


async def test_who_guesses_links_has_to_wait_and_genuine_ones_never_do(office: Office) -> None:
    with capture_logs() as events:
        async with office.web(throttle=Throttle("3/hour")) as web:
            guesses = [await submit(web, "x", score=9) for _ in range(4)]
            genuine = await submit(web, office.link(invitation()), score=9)
    assert [guess.status_code for guess in guesses] == [404, 404, 404, 429]
    assert int(guesses[-1].headers["Retry-After"]) > 0
    assert guesses[-1].json()["code"] == "too_many_requests"
    assert genuine.status_code == 200
    assert [event["event"] for event in events] == ["link_refused"] * 3
    assert genuine.request.url.path.split("/")[4] not in repr(events)


async def test_behind_a_proxy_of_ours_each_client_is_counted_for_itself(office: Office) -> None:
    app = office.behind(throttle=Throttle("1/hour"), proxies=[ip_network("10.0.0.0/8")]).app()
    async with client(app, at="10.0.0.2") as web:
        codes = [
            (
                await web.post(
                    "/api/v1/survey/x/submit",
                    json={"score": 9},
                    headers={"X-Forwarded-For": f"6.6.6.6, {where}"},
                )
            ).status_code
            for where in ("203.0.113.7", "203.0.113.8", "203.0.113.7")
        ]
    assert codes == [404, 404, 429]


@pytest.mark.parametrize(
    ("method", "path"), [("POST", GENERATE), ("GET", METRICS)], ids=["generate", "metrics"]
)
async def test_without_a_key_that_opens_anything_nobody_comes_in(
    office: Office, method: str, path: str
) -> None:
    await FakeKeys(office.store).revoke("owner", at=MONDAY)
    wrong = [f"Bearer {given}".encode("latin-1") for given in ("nothing", "key-of-owner", "\u00e4")]
    async with office.web() as web:
        none = [
            await web.request(method, path, headers={"Authorization": given} if given else {})
            for given in ("", "Basic YTpi", "Bearer", "key-of-ingest")
        ]
        bad = [await web.request(method, path, headers={b"Authorization": one}) for one in wrong]
    for answer in none:
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="voxpop"'
    for answer in bad:
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="voxpop", error="invalid_token"'
        assert answer.text == bad[0].text
    assert office.audited == [("an unknown key", "key.refused", f"{method} {path}: refused")] * 3


async def test_a_key_whose_role_is_not_enough_is_told_so_and_noted(office: Office) -> None:
    async with office.web() as web:
        answer = await web.get(METRICS, headers=bearer("key-of-ingest"))
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert answer.json()["detail"] == "This needs a key of the role admin."
    assert office.audited == [("key ingest", "key.refused", f"GET {METRICS}: ingest is not admin")]


@pytest.mark.parametrize("key", ["key-of-owner", "key-of-admin", "key-of-ingest"])
async def test_each_role_may_do_what_those_after_it_may(office: Office, key: str) -> None:
    async with office.web() as web:
        made = await web.post(GENERATE, headers=bearer(key), json={"email": "ada@example.org"})
        read = await web.get(METRICS, headers=bearer(key))
    assert made.status_code == 200
    assert read.status_code == (403 if key == "key-of-ingest" else 200)


async def test_who_guesses_keys_has_to_wait_and_fills_no_log_and_genuine_ones_never_wait(
    office: Office,
) -> None:
    async with office.web(throttle=Throttle("3/hour")) as web:
        guesses = [await web.get(METRICS, headers=bearer(f"guess-{n}")) for n in range(6)]
        genuine = await web.get(METRICS, headers=bearer("key-of-admin"))
    assert [guess.status_code for guess in guesses] == [401, 401, 401, 429, 429, 429]
    assert int(guesses[-1].headers["Retry-After"]) > 0
    assert genuine.status_code == 200
    assert [action for _, action, _ in office.audited].count("key.refused") == 3


async def test_a_link_is_made_and_answers_for_that_person(office: Office) -> None:
    async with office.web() as web:
        made = await web.post(
            GENERATE, headers=bearer("key-of-ingest"), json={"email": " Ada@Example.org "}
        )
        found = made.json()
        answered = await submit(web, found["token"], score=7)
    assert made.status_code == 200
    assert found == {
        "token": found["token"],
        "survey_url": f"/survey/{found['token']}",
        "url": f"https://voxpop.example.org/s/{found['token']}",
        "expires_at": "2026-12-16T09:00:00Z",
        "campaign": "nps/2026Q4",
        "closes_at": "2026-11-27T16:00:00Z",
    }
    assert answered.json()["id"] == str(invitation().id)
    assert ("key ingest", "link.made", "nps/2026Q4 for person 1") in office.audited


async def test_who_joined_after_the_start_gets_an_invitation_by_the_link(office: Office) -> None:
    office.store.meets(person(2, "Ben Adler", locale="de"))
    async with office.web() as web:
        made = await web.post(
            GENERATE, headers=bearer("key-of-ingest"), json={"email": "ben@example.org"}
        )
    link = LINKS.read(made.json()["token"], Purpose.ANSWER)
    assert link.locale == "de"
    assert office.store.invitations[link.subject.invitation_id].person.id == 2


async def test_the_old_way_to_ask_for_a_link_still_works(office: Office) -> None:
    async with office.web() as web:
        made = await web.post(
            f"{GENERATE}?user_id=u17&email=ada@example.org", headers=bearer("key-of-ingest")
        )
        neither = await web.post(f"{GENERATE}?user_id=u17", headers=bearer("key-of-ingest"))
    assert made.status_code == 200
    assert neither.status_code == 422


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"email": "nobody@example.org"}, 404, "not_found"),
        ({"email": "ada@example.org", "survey": "other"}, 404, "not_found"),
        ({"email": "ada"}, 422, "invalid_value"),
        ({"email": "ada@example.org\u0000"}, 200, None),
        ({"email": 5}, 422, "invalid_value"),
        ({"email": f"{'a' * 250}@example.org"}, 422, "invalid_value"),
        ({"mail": "ada@example.org"}, 422, "invalid_value"),
    ],
)
async def test_a_link_is_for_somebody_on_the_roster_and_a_survey_that_there_is(
    office: Office, body: dict[str, object], status: int, code: str | None
) -> None:
    async with office.web() as web:
        answer = await web.post(GENERATE, headers=bearer("key-of-ingest"), json=body)
    assert (answer.status_code, answer.json().get("code")) == (status, code)


async def test_who_has_left_gets_no_link(office: Office) -> None:
    office.store.becomes(person(), active=False)
    async with office.web() as web:
        answer = await web.post(
            GENERATE, headers=bearer("key-of-ingest"), json={"email": "ada@example.org"}
        )
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("stop", ["", "nps"])
async def test_who_wants_no_surveys_gets_no_link(office: Office, stop: str) -> None:
    office.store.stops.add((1, stop))
    async with office.web() as web:
        answer = await web.post(
            GENERATE, headers=bearer("key-of-ingest"), json={"email": "ada@example.org"}
        )
    assert (answer.status_code, answer.json()["code"]) == (409, "opted_out")


async def test_without_a_running_round_there_is_no_link(office: Office) -> None:
    office.store.move(campaign(state=CampaignState.CLOSED))
    async with office.web() as web:
        answer = await web.post(
            GENERATE, headers=bearer("key-of-ingest"), json={"email": "ada@example.org"}
        )
    assert (answer.status_code, answer.json()["code"]) == (409, "no_round_running")


async def test_what_can_not_be_noted_is_not_done(office: Office) -> None:
    office.store.down = {"append"}
    async with office.web() as web:
        made = await web.post(
            GENERATE, headers=bearer("key-of-ingest"), json={"email": "ada@example.org"}
        )
        read = await web.get(METRICS, headers=bearer("key-of-admin"))
    assert (made.status_code, read.status_code) == (503, 503)
    assert office.store.writes == []


def answered(office: Office, *scores: int, survey: Survey = NPS_SURVEY, number: int = 1) -> None:
    asked = campaign(
        survey,
        id=number,
        started_at=MONDAY - timedelta(days=80 * (number - 1) + 3),
        state=CampaignState.RUNNING if number == 1 else CampaignState.CLOSED,
        invited=20,
        reached=10,
    )
    office.store.campaigns = [one for one in office.store.campaigns if one.id != number]
    office.store.invitations = {
        key: one for key, one in office.store.invitations.items() if one.campaign.id != number
    }
    office.store.campaigns.append(asked)
    for place, score in enumerate(scores):
        office.store.asks(
            invitation(
                100 * number + place,
                campaign=asked,
                person=person(place + 1, f"P{place} X"),
                state=InvitationState.ANSWERED,
                response=Response(score=score),
            )
        )


async def figures_of(office: Office, **query: str) -> dict[str, Any]:
    async with office.web() as web:
        answer = await web.get(METRICS, headers=bearer("key-of-admin"), params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_figures_are_those_of_the_last_ninety_days(office: Office) -> None:
    answered(office, 10, 9, 9, 8, 0, 0)
    answered(office, 0, 0, 0, 0, 0, 10, 10, 10, number=3)
    assert await figures_of(office) == {
        "survey": "nps",
        "nps_score": 16.67,
        "total_responses": 6,
        "promoters": 3,
        "passives": 1,
        "detractors": 2,
        "response_rate": 60.0,
        "invited": 20,
        "reached": 10,
        "answered": 6,
        "period_start": "2026-08-18T09:00:00Z",
        "period_end": "2026-11-16T09:00:00Z",
        "campaigns": ["nps/2026Q4"],
        "withheld": [],
        "reason": None,
    }
    assert office.audited == [("key admin", "report.read", "nps from 2026-08-18 to 2026-11-16")]


async def test_figures_of_several_rounds_are_taken_together(office: Office) -> None:
    answered(office, 10, 9, 9, 8, 0, 0)
    answered(office, 10, 10, 10, 10, 10, 10, number=2)
    found = await figures_of(office, start_date="2026-01-01", end_date="2026-12-31T23:59:59+02:00")
    assert found["total_responses"] == 12
    assert found["nps_score"] == round(100 * (9 - 2) / 12, 2)
    assert found["response_rate"] == 60.0
    assert found["period_start"] == "2026-01-01T00:00:00Z"
    assert found["period_end"] == "2026-12-31T21:59:59Z"


async def test_a_round_of_fewer_than_k_answers_gives_no_figure_alone_or_with_others(
    office: Office,
) -> None:
    answered(office, 10, 9, 9, 0)
    alone = await figures_of(office)
    assert alone["reason"] == "too_few_answers"
    assert alone["withheld"] == [{"campaign": "nps/2026Q4", "reason": "too_few_answers"}]
    for name in ("nps_score", "total_responses", "promoters", "passives", "detractors"):
        assert alone[name] is None
    assert alone["answered"] == 4

    answered(office, 10, 10, 10, 10, 10, 10, number=2)
    with_others = await figures_of(office, start_date="2026-01-01")
    assert (with_others["total_responses"], with_others["nps_score"]) == (6, 100.0)
    assert with_others["withheld"] == [{"campaign": "nps/2026Q4", "reason": "too_few_answers"}]
    assert with_others["reason"] is None


async def test_where_names_are_known_one_answer_is_a_figure_and_none_is_not(
    office: Office,
) -> None:
    named = replace(NPS_SURVEY, mode=Mode.IDENTIFIED)
    answered(office, 3, survey=named)
    assert (await figures_of(office))["nps_score"] == -100.0
    answered(office, survey=named)
    nobody = await figures_of(office)
    assert (nobody["nps_score"], nobody["reason"]) == (None, "nobody_answered")


async def test_where_there_was_no_round_there_is_a_reason(office: Office) -> None:
    found = await figures_of(office, start_date="2020-01-01", end_date="2020-12-31")
    assert (found["nps_score"], found["reason"]) == (None, "no_round")
    assert (found["response_rate"], found["campaigns"]) == (0.0, [])


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"start_date": "yesterday"}, 422),
        ({"start_date": "5"}, 422),
        ({"start_date": "2026-13-01"}, 422),
        ({"survey": "other"}, 404),
        ({"survey": "ticket"}, 422),
        ({"survey": "\u0000"}, 404),
    ],
)
async def test_a_span_or_a_survey_that_there_is_not_is_refused(
    office: Office, query: dict[str, str], status: int
) -> None:
    office.surveys["ticket"] = Survey(name="ticket", subject="help", scale=CSAT)
    async with office.web() as web:
        answer = await web.get(METRICS, headers=bearer("key-of-admin"), params=query)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "query",
    [
        {"end_date": "0001-01-01T00:00:00+14:00"},
        {"end_date": "0001-01-01"},
        {"start_date": "9999-12-31T23:59:59-14:00"},
    ],
)
async def test_at_the_ends_of_time_there_was_no_round(
    office: Office, query: dict[str, str]
) -> None:
    assert (await figures_of(office, **query))["reason"] == "no_round"


async def test_where_no_survey_is_named_the_only_one_is_meant(office: Office) -> None:
    office.surveys.clear()
    office.surveys["pulse"] = Survey(name="pulse", subject="Acme", scale=NPS)
    assert (await figures_of(office))["survey"] == "pulse"


async def test_other_sites_may_call_only_if_they_are_named(office: Office) -> None:
    origin = {"Origin": "https://portal.example.org"}
    asks = {**origin, "Access-Control-Request-Method": "POST"}
    asks["Access-Control-Request-Headers"] = "content-type"
    path = f"/api/v1/survey/{office.link(invitation())}/submit"
    async with client(office.behind().app()) as web:
        unnamed = await web.post(path, json={"score": 9}, headers=origin)
        refused = await web.options(path, headers=asks)
    shared = office.behind().app(cors_origins=["https://portal.example.org"])
    async with client(shared) as web:
        before = await web.options(path, headers=asks)
        named = await web.post(path, json={"score": 9}, headers=origin)
        wrong = await web.post(path, json={"score": "9"}, headers=origin)
        other = await web.post(path, json={"score": 9}, headers={"Origin": "https://evil.test"})
        elsewhere = await web.get("/health", headers=origin)
    allowed = "access-control-allow-origin"
    assert allowed not in unnamed.headers
    assert refused.status_code == 405
    assert before.headers[allowed] == named.headers[allowed] == "https://portal.example.org"
    assert wrong.headers[allowed] == "https://portal.example.org"
    assert "access-control-allow-credentials" not in before.headers
    assert allowed not in other.headers
    assert allowed not in elsewhere.headers


async def test_the_description_names_the_keys_and_every_answer(office: Office) -> None:
    async with office.web() as web:
        described = (await web.get("/openapi.json")).json()
        page = (await web.get("/docs")).text
    assert described["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    paths = described["paths"]
    submitting = paths["/api/v1/survey/{token}/submit"]["post"]
    making, reading = paths[GENERATE]["post"], paths[METRICS]["get"]
    assert "security" not in submitting
    assert making["security"] == reading["security"] == [{"key": []}]
    common = {"200", "422", "429", "503", "default"}
    assert set(submitting["responses"]) == common | {"400", "404", "409", "410"}
    assert set(making["responses"]) == common | {"400", "401", "403", "404", "409", "410"}
    assert set(reading["responses"]) == common | {"401", "403", "404"}
    assert "<code>/api/v1/nps/metrics</code>" in page


async def test_surveys_are_listed_by_name_a_page_at_a_time(office: Office) -> None:
    office.surveys["csat"] = replace(NPS_SURVEY, name="csat", scale=CSAT)
    told = bearer("key-of-admin")
    async with office.web() as web:
        first = (await web.get("/api/v1/surveys?limit=1", headers=told)).json()
        behind = {"limit": 1, "cursor": first["next_cursor"]}
        last = (await web.get("/api/v1/surveys", params=behind, headers=told)).json()
    assert [one["name"] for one in first["data"] + last["data"]] == ["csat", "nps"]
    assert last["next_cursor"] is None
    assert (last["data"][0]["scale_low"], last["data"][0]["scale_high"]) == (0, 10)
    assert (last["data"][0]["after"], last["data"][0]["smallest_group"]) == (None, NPS_SURVEY.k)


async def test_campaigns_are_listed_newest_first_a_page_at_a_time(office: Office) -> None:
    now = campaign()
    for number, days in ((8, 90), (9, 180)):
        earlier = replace(now, id=number, started_at=now.started_at - timedelta(days=days))
        office.store.campaigns.append(replace(earlier, state=CampaignState.CLOSED))
    told = bearer("key-of-admin")
    found, cursor = [], None
    async with office.web() as web:
        for _ in range(3):
            params = {"limit": "1", "survey": "nps"} | ({"cursor": cursor} if cursor else {})
            page = (await web.get("/api/v1/campaigns", params=params, headers=told)).json()
            found += page["data"]
            cursor = page["next_cursor"]
        other = (await web.get("/api/v1/campaigns?survey=csat", headers=told)).json()
    assert cursor is None
    assert [one["state"] for one in found] == ["running", "closed", "closed"]
    assert [one["started_at"] for one in found] == sorted(
        (one["started_at"] for one in found), reverse=True
    )
    assert other == {"data": [], "next_cursor": None}


@pytest.mark.parametrize("path", ["/api/v1/surveys", "/api/v1/campaigns"])
async def test_lists_want_a_key_of_the_role_admin_and_a_cursor_of_theirs(
    office: Office, path: str
) -> None:
    async with office.web() as web:
        assert (await web.get(path)).status_code == 401
        assert (await web.get(path, headers=bearer("key-of-ingest"))).status_code == 403
        bent = await web.get(f"{path}?cursor=bent", headers=bearer("key-of-admin"))
    assert (bent.status_code, bent.json()["code"]) == (422, "invalid_value")
