"""Visits by themselves: under which keys they are asked about, and when nothing more happens."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from runtime.settings.visits import BranchTable, branches_of
from survey.ports import Role
from survey.states import DeliveryState, InvitationState
from survey.visits import Branch, Progress, Staff, Visit
from tests.examples import SetClock
from tests.fakes import Store
from tests.fakes_mail import FakeKeys
from webapp.visits.session import COOKIE, Sessions, sealing

NOW = datetime(2026, 11, 16, 10, tzinfo=UTC)
SENT = Progress(
    invitation_id=uuid4(),
    state=InvitationState.SENT,
    delivery=DeliveryState.SENT,
    due_at=NOW,
    sent_at=NOW,
    reason="",
)
VISIT = Visit(
    id=12,
    name="Maya Lind",
    email="maya@example.com",
    email_consent=True,
    purpose="Advice",
    branch=Branch(id="soho", name="Soho"),
    staff_name="Sam Reed",
    created_at=NOW,
)


def test_a_visit_is_asked_about_under_its_number() -> None:
    occasion = VISIT.occasion()
    assert occasion.key == "visit:12"
    assert occasion.groups == {"branch": "Soho", "staff": "Sam Reed"}
    assert occasion.details == {"branch": "Soho", "purpose": "Advice"}
    assert VISIT.occasion(invitation="Thank you!").details["invitation"] == "Thank you!"


@pytest.mark.parametrize(
    ("state", "tries", "key"),
    [
        (InvitationState.PENDING, 1, "visit:12"),
        (InvitationState.SENT, 1, "visit:12"),
        (InvitationState.COMPLETED, 1, "visit:12"),
        (InvitationState.DECLINED, 1, "visit:12"),
        (InvitationState.UNDELIVERABLE, 1, "visit:12:2"),
        (InvitationState.EXPIRED, 2, "visit:12:3"),
        (InvitationState.SENT, 3, "visit:12:3"),
    ],
)
def test_another_question_needs_the_end_of_the_one_before(
    state: InvitationState, tries: int, key: str
) -> None:
    assert replace(VISIT, progress=replace(SENT, state=state, tries=tries)).key == key


@pytest.mark.parametrize(
    ("state", "delivery", "over"),
    [
        (InvitationState.PENDING, DeliveryState.PLANNED, False),
        (InvitationState.PENDING, DeliveryState.SENDING, False),
        (InvitationState.PENDING, DeliveryState.UNKNOWN, False),
        (InvitationState.SENT, DeliveryState.SENT, True),
        (InvitationState.UNDELIVERABLE, DeliveryState.FAILED, True),
        (InvitationState.PENDING, DeliveryState.SKIPPED, True),
        (InvitationState.ANSWERED, DeliveryState.SENT, True),
    ],
)
def test_nobody_waits_for_what_has_ended(
    state: InvitationState, delivery: DeliveryState, over: bool
) -> None:
    assert replace(SENT, state=state, delivery=delivery).over is over


def test_somebody_who_is_named_twice_works_there_once() -> None:
    table = BranchTable(name="Soho", staff=["Sam", "Sam", "Ines"])
    found = branches_of({"soho": table})["soho"]
    assert found.staff == (Staff(id=None, name="Sam"), Staff(id=None, name="Ines"))


def sessions(clock: SetClock, store: Store | None = None) -> Sessions:
    return Sessions(
        seal=sealing(["a key of thirty-two characters!!"]),
        keys=FakeKeys(store or Store()),
        clock=clock,
        base_url="https://visits.example.org",
    )


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"origin": "https://visits.example.org"}, True),
        ({"origin": "http://10.0.0.7:8000", "host": "10.0.0.7:8000"}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, True),
        ({}, False),
        ({"origin": "null"}, False),
        ({"origin": "https://evil.example", "host": "visits.example.org"}, False),
        ({"origin": "https://visits.example.org", "sec-fetch-site": "cross-site"}, False),
        ({"origin": "https://visits.example.org.evil.example"}, False),
        ({"sec-fetch-site": "none"}, False),
    ],
)
def test_a_form_counts_that_stood_on_a_page_of_ours(headers: dict[str, str], ours: bool) -> None:
    assert sessions(SetClock()).ours(headers) is ours


async def test_who_signed_in_is_known_until_the_evening() -> None:
    clock, store = SetClock(), Store()
    desk = sessions(clock, store)
    await desk.keys.make("counter", Role.INGEST, at=clock())
    (key,) = await desk.keys.all()
    cookies = {COOKIE: desk.begin(key)}
    assert await desk.key(cookies) == key
    assert await desk.key({}) is None
    assert await desk.key({COOKIE: f"{cookies[COOKIE]}x"}) is None
    clock.forward(hours=12)
    assert await desk.key(cookies) is None
