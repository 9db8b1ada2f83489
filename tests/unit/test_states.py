from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import pytest

from survey.errors import IllegalTransition
from survey.states import (
    ANSWERABLE,
    CAMPAIGN_LIFE,
    COUNTED,
    DELIVERY_LIFE,
    INVITATION_LIFE,
    OPEN_CAMPAIGN,
    CampaignState,
    DeliveryState,
    InvitationState,
    move,
)

Life = Mapping[StrEnum, frozenset[StrEnum]]
LIVES = [
    pytest.param(CAMPAIGN_LIFE, CampaignState, CampaignState.DRAFT, id="campaign"),
    pytest.param(INVITATION_LIFE, InvitationState, InvitationState.PENDING, id="invitation"),
    pytest.param(DELIVERY_LIFE, DeliveryState, DeliveryState.PLANNED, id="delivery"),
]


def drawn(life: Mapping[Any, frozenset[Any]]) -> set[str]:
    return {f"{now.value} -> {to.value}" for now, onward in life.items() for to in onward}


def test_a_campaign_lives_as_the_architecture_says() -> None:
    assert drawn(CAMPAIGN_LIFE) == {
        "draft -> scheduled",
        "draft -> running",
        "draft -> cancelled",
        "scheduled -> running",
        "scheduled -> cancelled",
        "running -> paused",
        "paused -> running",
        "running -> closing",
        "paused -> closing",
        "closing -> closed",
    }


def test_a_delivery_lives_as_the_architecture_says() -> None:
    assert drawn(DELIVERY_LIFE) == {
        "planned -> sending",
        "planned -> skipped",
        "skipped -> planned",
        "sending -> sent",
        "sending -> unknown",
        "sending -> failed",
        "sending -> planned",
        "unknown -> sent",
        "unknown -> planned",
        "unknown -> failed",
        "sent -> failed",
    }


@pytest.mark.parametrize(
    ("now", "to"),
    [
        ("pending", "sent"),
        ("sent", "answered"),
        ("pending", "answered"),
        ("answered", "answered"),
        ("answered", "completed"),
        ("completed", "completed"),
        ("answered", "sent"),
        ("completed", "sent"),
        ("sent", "declined"),
        ("sent", "opted_out"),
        ("sent", "expired"),
        ("sent", "undeliverable"),
        ("sent", "withdrawn"),
        ("declined", "answered"),
        ("opted_out", "answered"),
        ("undeliverable", "answered"),
        ("opted_out", "sent"),
    ],
)
def test_an_invitation_may_go(now: str, to: str) -> None:
    state = move(INVITATION_LIFE, InvitationState(now), InvitationState(to))
    assert state == InvitationState(to)


@pytest.mark.parametrize(
    ("now", "to"),
    [
        ("pending", "completed"),
        ("sent", "completed"),
        ("sent", "pending"),
        ("answered", "expired"),
        ("completed", "expired"),
        ("answered", "declined"),
        ("answered", "opted_out"),
        ("answered", "undeliverable"),
        ("expired", "answered"),
        ("expired", "sent"),
        ("withdrawn", "answered"),
        ("withdrawn", "sent"),
    ],
)
def test_an_invitation_never_goes(now: str, to: str) -> None:
    with pytest.raises(IllegalTransition, match=f"What is {now} cannot become {to}"):
        move(INVITATION_LIFE, InvitationState(now), InvitationState(to))


@pytest.mark.parametrize(("life", "states", "first"), LIVES)
def test_every_step_is_in_the_table_or_refused(
    life: Life, states: type[StrEnum], first: StrEnum
) -> None:
    assert first in life
    for now in states:
        for to in states:
            if to in life[now]:
                assert move(life, now, to) is to
            else:
                with pytest.raises(IllegalTransition):
                    move(life, now, to)


@pytest.mark.parametrize(("life", "states", "first"), LIVES)
def test_every_state_can_come_to_pass(life: Life, states: type[StrEnum], first: StrEnum) -> None:
    reached, edge = {first}, {first}
    while edge := {to for now in edge for to in life[now]} - reached:
        reached |= edge
    assert reached == set(states)


@pytest.mark.parametrize(
    ("life", "ends"),
    [
        pytest.param(CAMPAIGN_LIFE, {"closed", "cancelled"}, id="campaign"),
        pytest.param(INVITATION_LIFE, {"expired", "withdrawn"}, id="invitation"),
        pytest.param(DELIVERY_LIFE, {"failed"}, id="delivery"),
    ],
)
def test_only_these_are_ends(life: Life, ends: set[str]) -> None:
    assert {now.value for now, onward in life.items() if not onward} == ends


def test_what_was_sent_is_never_sent_again() -> None:
    reached, edge = set[DeliveryState](), {DeliveryState.SENT}
    while edge := {to for now in edge for to in DELIVERY_LIFE[now]} - reached:
        reached |= edge
    assert reached == {DeliveryState.FAILED}  # a mail that came back


def test_whoever_declined_and_presses_after_all_has_answered() -> None:
    assert InvitationState.DECLINED in ANSWERABLE
    assert InvitationState.OPTED_OUT in ANSWERABLE
    assert InvitationState.EXPIRED not in ANSWERABLE
    assert InvitationState.WITHDRAWN not in ANSWERABLE


def test_what_counts_has_an_answer_and_can_be_changed() -> None:
    assert {state.value for state in COUNTED} == {"answered", "completed"}
    assert COUNTED <= ANSWERABLE


def test_a_paused_round_still_takes_presses_and_a_closing_one_does_not() -> None:
    assert {state.value for state in OPEN_CAMPAIGN} == {"running", "paused"}
