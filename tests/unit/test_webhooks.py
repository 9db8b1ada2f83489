"""What helpdesks tell: their formats, their signatures, and what is refused with a reason."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from runtime.roster_rules import rules
from runtime.settings.tickets import TicketSettings
from runtime.tickets import helpdesks
from survey.tickets import Requester, TicketEvent, TicketState
from tests.api import NoFigures, all_well
from tests.examples import MONDAY, SetClock
from tests.fakes import Store
from tests.fakes_moments import FakeOccasions
from tests.fakes_tickets import FakeTickets
from tests.helpdesks import (
    JIRA_SECRET,
    OTHER_WHSEC,
    WHSEC,
    ZAMMAD_TOKEN,
    ZENDESK_SECRET,
    Call,
    jira,
    jira_issue,
    standard,
    ticket,
    zammad,
    zammad_ticket,
    zendesk,
    zendesk_event,
    zendesk_ticket,
)
from webapp.api.limits import Allowance
from webapp.app import WebParts, create_app
from webapp.throttle import Throttle
from webapp.webhooks import WebhookParts, webhook_router
from webapp.webhooks.helpdesk import digest_of
from webapp.webhooks.standard import key_in, sign

ALL = TicketSettings(
    secrets=(OTHER_WHSEC, WHSEC),
    zammad_token=ZAMMAD_TOKEN,
    zendesk_secret=ZENDESK_SECRET,
    jira_secret=JIRA_SECRET,
)


@dataclass
class Door:
    """The webhooks over HTTP, on stand-ins."""

    http: httpx.AsyncClient
    tickets: FakeTickets
    clock: SetClock
    knocks: list[str]

    async def hears(self, call: Call) -> httpx.Response:
        return await self.http.post(call.path, content=call.body, headers=dict(call.headers))

    async def event(self, call: Call) -> TicketEvent:
        """What is kept of it."""
        answer = await self.hears(call)
        assert answer.status_code == 202, answer.text
        assert answer.json()["status"] == "accepted"
        return list(self.tickets.inbox.values())[-1]


def door_of(settings: TicketSettings = ALL, **parts: Any) -> Door:
    clock, knocks = SetClock(), list[str]()
    tickets = FakeTickets(FakeOccasions(Store()))
    router = webhook_router(
        WebhookParts(
            helpdesks=helpdesks(settings),
            tickets=tickets,
            clock=clock,
            throttle=Throttle(),
            knock=lambda: knocks.append("tickets"),
            **parts,
        )
    )
    app = create_app(WebParts(version="1", ready=all_well, metrics=NoFigures(), routers=[router]))
    transport = httpx.ASGITransport(app, client=("192.0.2.7", 1))
    http = httpx.AsyncClient(transport=transport, base_url="http://localhost")
    return Door(http=http, tickets=tickets, clock=clock, knocks=knocks)


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    found = door_of()
    async with found.http:
        yield found


def every(at: datetime) -> list[Call]:
    """A genuine call of each helpdesk."""
    return [
        standard(ticket(at=at), at=at),
        zammad(zammad_ticket(at=at)),
        zendesk(zendesk_ticket(), at=at),
        jira(jira_issue(at=at)),
    ]


EVERY = every(MONDAY)
NAMES = ["standard", "zammad", "zendesk", "jira"]
each = pytest.mark.parametrize("call", EVERY, ids=NAMES)


def test_the_signature_is_that_of_the_published_example() -> None:
    made = sign(
        WHSEC,
        name="msg_p5jXN8AQM9LWM0D4loKWxJek",
        moment="1614265330",
        body=b'{"test": 2432232314}',
    )
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_a_ticket_is_told_in_the_format_of_any_helpdesk(door: Door) -> None:
    told = ticket(
        at=MONDAY,
        category="Repairs",
        resolved_by="Sophie",
        requester={
            "email": " Grace@Example.com",
            "name": "Grace Hopper",
            "locale": "en-GB",
            "timezone": "Europe/London",
        },
    )
    assert await door.event(standard(told, at=MONDAY)) == TicketEvent(
        source="standard",
        event="msg_1",
        number="4711",
        state=TicketState.RESOLVED,
        happened_at=MONDAY,
        resolved_at=MONDAY,
        requester=Requester(
            email="grace@example.com",
            name="Grace Hopper",
            locale="en_GB",
            timezone="Europe/London",
        ),
        subject="The door does not close",
        category="Repairs",
        resolved_by="Sophie",
    )
    assert door.knocks == []


@pytest.mark.parametrize(
    ("kind", "state"), [("reopened", TicketState.OPEN), ("deleted", TicketState.GONE)]
)
async def test_that_it_is_resolved_no_more_is_told_too(
    door: Door, kind: str, state: TicketState
) -> None:
    found = await door.event(standard(ticket(kind, at=MONDAY), at=MONDAY))
    assert (found.state, found.resolved_at) == (state, None)
    assert door.knocks == ["tickets"]  # a question that is about to go out does not wait


async def test_zammad_is_understood_as_it_writes(door: Door) -> None:
    at = MONDAY - timedelta(minutes=3)
    closed = zammad_ticket(at=MONDAY, last_close_at=at.isoformat())
    call = zammad(closed, delivery="d-9")
    assert await door.event(call) == TicketEvent(
        source="zammad",
        event=digest_of(call.body),
        number="10081",
        state=TicketState.RESOLVED,
        happened_at=MONDAY,
        resolved_at=at,
        requester=Requester(email="emily@example.com", name="Emily Adams"),
        subject="Webhook-Test",
        category="Service Desk",
        resolved_by="Emma Taylor",
    )


@pytest.mark.parametrize(
    ("state", "means"),
    [
        ("closed", TicketState.RESOLVED),
        ("Solved", TicketState.RESOLVED),
        ("open", TicketState.OPEN),
        ("pending close", TicketState.OPEN),
        ("merged", TicketState.GONE),
    ],
)
async def test_zammads_states_mean_what_they_say(
    door: Door, state: str, means: TicketState
) -> None:
    found = await door.event(zammad(zammad_ticket(state, at=MONDAY)))
    assert found.state is means


async def test_a_ticket_of_zammad_that_nobody_owns_was_answered_by_nobody(door: Door) -> None:
    nobody = {"id": 1, "firstname": "-", "lastname": "", "email": ""}
    found = await door.event(zammad(zammad_ticket(at=MONDAY, owner=nobody, customer=nobody)))
    assert (found.resolved_by, found.requester) == ("", None)


async def test_zendesks_trigger_is_understood_as_our_page_gives_it(door: Door) -> None:
    assert await door.event(zendesk(zendesk_ticket(), at=MONDAY)) == TicketEvent(
        source="zendesk",
        event="8350205582",
        number="35436",
        state=TicketState.RESOLVED,
        happened_at=MONDAY,
        requester=Requester(email="grace@example.com", name="Grace Hopper"),
        subject="Help, my printer is on fire!",
        resolved_by="Lucy",
    )


async def test_zendesks_own_events_tell_the_state_and_nobodys_e_mail(door: Door) -> None:
    at = MONDAY - timedelta(seconds=4)
    found = await door.event(zendesk(zendesk_event("SOLVED", at=at), at=MONDAY))
    assert (found.number, found.state, found.happened_at, found.requester) == (
        "35436",
        TicketState.RESOLVED,
        at,
        None,
    )
    merged = zendesk(zendesk_event("CLOSED", at=at, kind="merged"), at=MONDAY, invocation="2")
    assert (await door.event(merged)).state is TicketState.GONE


@pytest.mark.parametrize(
    "call",
    [
        zendesk(zendesk_event("OPEN", at=MONDAY, kind="comment_added"), at=MONDAY),
        zendesk(zendesk_event("CLOSED", at=MONDAY), at=MONDAY),
        zendesk(zendesk_ticket("closed"), at=MONDAY),
        jira({"webhookEvent": "comment_created", "timestamp": 1}),
        zammad({"notification": "a test"}),
    ],
)
async def test_what_changes_nothing_is_taken_and_not_kept(door: Door, call: Call) -> None:
    answer = await door.hears(call)
    assert (answer.status_code, answer.json()["status"]) == (200, "ignored")
    assert answer.json()["why"]
    assert door.tickets.inbox == {}
    assert door.knocks == []


@pytest.mark.parametrize("helpdesk", [zammad, jira])
async def test_a_name_that_nobody_signed_makes_no_new_event(
    door: Door, helpdesk: Callable[..., Call]
) -> None:
    told = zammad_ticket(at=MONDAY) if helpdesk is zammad else jira_issue(at=MONDAY)
    name = "delivery" if helpdesk is zammad else "identifier"
    await door.event(helpdesk(told, **{name: "one"}))
    again = await door.hears(helpdesk(told, **{name: "two"}))
    assert (again.status_code, again.json()["status"]) == (200, "repeated")


async def test_jira_is_understood_as_it_writes(door: Door) -> None:
    call = jira(jira_issue(at=MONDAY))
    assert await door.event(call) == TicketEvent(
        source="jira",
        event=digest_of(call.body),
        number="IT-12",
        state=TicketState.RESOLVED,
        happened_at=MONDAY,
        resolved_at=MONDAY,
        requester=Requester(
            email="grace@example.com", name="Grace Hopper", timezone="America/New_York"
        ),
        subject="The VPN is slow",
        category="Service Request",
        resolved_by="Tom",
    )


async def test_jiras_reporters_may_hide_their_e_mail(door: Door) -> None:
    hidden = {"displayName": "Grace Hopper", "accountType": "customer"}
    found = await door.event(jira(jira_issue(at=MONDAY, reporter=hidden, assignee=None)))
    assert (found.requester, found.resolved_by) == (None, "")


@pytest.mark.parametrize(
    ("category", "kind", "means"),
    [
        ("indeterminate", "jira:issue_updated", TicketState.OPEN),
        ("new", "jira:issue_created", TicketState.OPEN),
        ("done", "jira:issue_deleted", TicketState.GONE),
    ],
)
async def test_jiras_statuses_mean_their_category(
    door: Door, category: str, kind: str, means: TicketState
) -> None:
    found = await door.event(jira(jira_issue(category, at=MONDAY, kind=kind)))
    assert (found.state, found.resolved_at) == (means, None)


@each
async def test_what_is_told_again_is_known(door: Door, call: Call) -> None:
    assert (await door.hears(call)).status_code == 202
    again = await door.hears(call)
    assert (again.status_code, again.json()["status"]) == (200, "repeated")
    assert len(door.tickets.inbox) == 1


@each
async def test_what_nobody_signed_is_not_read(door: Door, call: Call) -> None:
    names = {"webhook-signature", "x-hub-signature", "x-zendesk-webhook-signature"}
    name = next(one for one in call.headers if one.lower() in names)
    bent = [
        replace(call, body=call.body + b" "),
        replace(call, headers={key: value for key, value in call.headers.items() if key != name}),
        replace(call, headers={**call.headers, name: call.headers[name][:-3] + "000"}),
        replace(call, headers={**call.headers, name: ""}),
        replace(call, headers={**call.headers, name: "v1, v1 sha1= ="}),
    ]
    for one in bent:
        with capture_logs() as logs:
            answer = await door.hears(one)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
        assert [entry["event"] for entry in logs] == ["webhook_refused"]
        assert "grace" not in str(logs)
    assert door.tickets.inbox == {}


async def test_a_secret_of_one_helpdesk_opens_no_other(door: Door) -> None:
    for call in (
        zammad(zammad_ticket(at=MONDAY), token=JIRA_SECRET),
        jira(jira_issue(at=MONDAY), secret=ZAMMAD_TOKEN),
        zendesk(zendesk_ticket(), at=MONDAY, secret=JIRA_SECRET),
        standard(ticket(at=MONDAY), at=MONDAY, secret="whsec_" + "A" * 44),
    ):
        assert (await door.hears(call)).status_code == 401


@pytest.mark.parametrize("make", ["standard", "zendesk"])
@pytest.mark.parametrize(("seconds", "status"), [(-301, 401), (-300, 202), (300, 202), (301, 401)])
async def test_a_signature_is_good_for_five_minutes(
    door: Door, make: str, seconds: int, status: int
) -> None:
    at = MONDAY + timedelta(seconds=seconds)
    call = (
        standard(ticket(at=MONDAY), at=at)
        if make == "standard"
        else zendesk(zendesk_ticket(), at=at)
    )
    assert (await door.hears(call)).status_code == status


@pytest.mark.parametrize("moment", ["253402300800", "999999999999", "-1", "1e9", "٣", ""])
async def test_a_moment_that_no_calendar_has_is_refused_like_any_other(
    door: Door, moment: str
) -> None:
    call = standard(ticket(at=MONDAY), at=MONDAY)
    headers = [(name.encode(), value.encode()) for name, value in call.headers.items()]
    headers = [one for one in headers if one[0] != b"webhook-timestamp"]
    headers.append((b"webhook-timestamp", moment.encode()))
    answer = await door.http.post(call.path, content=call.body, headers=headers)
    assert answer.status_code == 401


async def test_while_a_secret_is_replaced_both_are_good(door: Door) -> None:
    for place, secret in enumerate((WHSEC, OTHER_WHSEC)):
        call = standard(ticket(at=MONDAY), at=MONDAY, event=f"m{place}", secret=secret)
        assert (await door.hears(call)).status_code == 202
    two = standard(ticket(at=MONDAY), at=MONDAY, event="m3")
    several = f"v1a,nonsense v1,AAAA {two.headers['webhook-signature']}"
    call = replace(two, headers={**two.headers, "webhook-signature": several})
    assert (await door.hears(call)).status_code == 202


@pytest.mark.parametrize(
    ("call", "status", "names"),
    [
        (standard(b"{", at=MONDAY), 400, "JSON"),
        (standard(b"\xff\xfe", at=MONDAY), 400, "JSON"),
        (standard(b"[" * 5_000, at=MONDAY), 400, "JSON"),
        (standard([], at=MONDAY), 422, "body"),
        (standard({"type": "ticket.eaten"}, at=MONDAY), 422, "type"),
        (standard(ticket(at=MONDAY, number=""), at=MONDAY), 422, "data.number"),
        (standard(ticket(at=MONDAY, number=True), at=MONDAY), 422, "data.number"),
        (standard(ticket(at=MONDAY, subject=["a"]), at=MONDAY), 422, "data.subject"),
        (
            standard({**ticket(at=MONDAY), "timestamp": "2026-11-16T09:00"}, at=MONDAY),
            422,
            "timestamp",
        ),
        (standard({**ticket(at=MONDAY), "timestamp": 1614265330}, at=MONDAY), 422, "timestamp"),
        (zammad({"ticket": {"number": "1"}}), 422, "ticket.state"),
        (zammad([1]), 422, "body"),
        (zendesk({"ticket": {"id": "1"}}, at=MONDAY), 422, "ticket.status"),
        (zendesk({"type": 4}, at=MONDAY), 422, "type"),
        (jira({"timestamp": 1, "issue": {"key": "A-1", "fields": {}}}), 422, "status"),
        (jira({"timestamp": 10**20, "issue": {"key": "A-1", "fields": {}}}), 422, "timestamp"),
    ],
)
async def test_what_does_not_fit_is_refused_by_name(
    door: Door, call: Call, status: int, names: str
) -> None:
    answer = await door.hears(call)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert names in answer.json()["detail"]
    assert door.tickets.inbox == {}


async def test_a_ticket_is_not_resolved_tomorrow(door: Door) -> None:
    at = MONDAY + timedelta(days=1)
    answer = await door.hears(standard(ticket(at=at), at=MONDAY))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_value")
    assert "not yet" in answer.json()["detail"]


async def test_nothing_but_what_asking_needs_is_kept(door: Door) -> None:
    found = await door.event(zammad(zammad_ticket(at=MONDAY)))
    assert "private word" not in repr(found)


async def test_what_can_not_be_kept_now_is_to_be_told_again(door: Door) -> None:
    door.tickets.occasions.store.down = {"accept"}
    answer = await door.hears(EVERY[0])
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"] == "5"
    door.tickets.occasions.store.down = set()
    assert (await door.hears(EVERY[0])).status_code == 202


async def test_whoever_guesses_secrets_has_to_wait_and_helpdesks_do_not(door: Door) -> None:
    bad = replace(EVERY[0], body=b"{}")
    answers = [await door.hears(bad) for _ in range(21)]
    assert [one.status_code for one in answers] == [*[401] * 20, 429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert (await door.hears(EVERY[0])).status_code == 202


async def test_a_helpdesk_that_tells_too_much_has_to_wait() -> None:
    door = door_of(allowance=Allowance("2/minute"))
    async with door.http:
        calls = [standard(ticket(at=MONDAY), at=MONDAY, event=f"m{one}") for one in range(3)]
        answers = [await door.hears(call) for call in calls]
        assert [one.status_code for one in answers] == [202, 202, 429]
        assert answers[-1].headers["retry-after"]
        assert (await door.hears(EVERY[1])).status_code == 202


async def test_a_helpdesk_without_a_secret_is_not_there() -> None:
    door = door_of(TicketSettings(jira_secret=JIRA_SECRET))
    async with door.http:
        answers = [(await door.hears(call)).status_code for call in EVERY]
        assert answers == [404, 404, 404, 202]
        told = (await door.http.get("/openapi.json")).json()["paths"]
        assert [path for path in told if path.startswith("/webhooks")] == ["/webhooks/tickets/jira"]


async def test_the_description_has_an_example_that_is_taken(door: Door) -> None:
    told = (await door.http.get("/openapi.json")).json()
    post = told["paths"]["/webhooks/tickets"]["post"]
    example = post["requestBody"]["content"]["application/json"]["example"]
    at = datetime.fromisoformat(example["timestamp"])
    door.clock.at = at.astimezone(UTC)
    assert (await door.event(standard(example, at=door.clock.at))).number == "4711"
    assert {"400", "401", "422", "429", "503"} <= post["responses"].keys()
    assert "$ref" not in json.dumps(post["requestBody"])


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ("a-secret-of-my-own", "begins with whsec_"),
        ("whsec_not base64!", "no base64"),
        ("whsec_c2hvcnQ=", "24 to 64 bytes"),
        ("whsec_" + "A" * 400, "24 to 64 bytes"),
    ],
)
def test_what_is_no_secret_is_refused_without_being_quoted(secret: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as refused:
        key_in(secret)
    assert secret.removeprefix("whsec_") not in str(refused.value)


def test_the_rules_are_those_of_rosters() -> None:
    known = helpdesks(ALL)[0]
    assert known.rules.zones == rules().zones  # type: ignore[attr-defined]
