"""The lives of campaigns, invitations and deliveries, as tables that everything asks."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from survey.errors import IllegalTransition


class CampaignState(StrEnum):
    """`closing` is committed first and refuses presses; `closed` waits until none is under way."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    CLOSING = "closing"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class InvitationState(StrEnum):
    """One person, one ask."""

    PENDING = "pending"
    SENT = "sent"
    ANSWERED = "answered"
    COMPLETED = "completed"
    DECLINED = "declined"
    EXPIRED = "expired"
    OPTED_OUT = "opted_out"
    UNDELIVERABLE = "undeliverable"
    WITHDRAWN = "withdrawn"


class DeliveryState(StrEnum):
    """`unknown`: the platform may or may not have it. Look it up, never resend blindly."""

    PLANNED = "planned"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    FAILED = "failed"
    SKIPPED = "skipped"


class DeliveryKind(StrEnum):
    """What a message is for."""

    INITIAL = "initial"
    REMINDER = "reminder"
    UPDATE = "update"
    NOTICE = "notice"


ABOUT = frozenset({DeliveryKind.INITIAL, DeliveryKind.REMINDER})
"""Messages to the person who is asked; a notice goes to others, an update is no message."""

State = TypeVar("State", bound=StrEnum)

_C, _I, _D = CampaignState, InvitationState, DeliveryState

CAMPAIGN_LIFE: Mapping[CampaignState, frozenset[CampaignState]] = {
    _C.DRAFT: frozenset({_C.SCHEDULED, _C.RUNNING, _C.CANCELLED}),
    _C.SCHEDULED: frozenset({_C.RUNNING, _C.CANCELLED}),
    _C.RUNNING: frozenset({_C.PAUSED, _C.CLOSING}),
    _C.PAUSED: frozenset({_C.RUNNING, _C.CLOSING}),
    _C.CLOSING: frozenset({_C.CLOSED}),
    _C.CLOSED: frozenset(),
    _C.CANCELLED: frozenset(),
}

_EXITS = frozenset({_I.DECLINED, _I.EXPIRED, _I.OPTED_OUT, _I.WITHDRAWN})

INVITATION_LIFE: Mapping[InvitationState, frozenset[InvitationState]] = {
    _I.PENDING: frozenset({_I.SENT, _I.ANSWERED, _I.UNDELIVERABLE}) | _EXITS,
    _I.SENT: frozenset({_I.ANSWERED, _I.UNDELIVERABLE}) | _EXITS,
    _I.ANSWERED: frozenset({_I.ANSWERED, _I.SENT, _I.COMPLETED, _I.WITHDRAWN}),
    _I.COMPLETED: frozenset({_I.COMPLETED, _I.ANSWERED, _I.SENT, _I.WITHDRAWN}),
    _I.DECLINED: frozenset({_I.ANSWERED, _I.SENT, _I.EXPIRED, _I.WITHDRAWN}),
    _I.OPTED_OUT: frozenset({_I.ANSWERED, _I.SENT, _I.EXPIRED, _I.WITHDRAWN}),
    _I.EXPIRED: frozenset(),
    _I.UNDELIVERABLE: frozenset({_I.SENT, _I.ANSWERED, _I.EXPIRED, _I.WITHDRAWN}),
    _I.WITHDRAWN: frozenset(),
}

DELIVERY_LIFE: Mapping[DeliveryState, frozenset[DeliveryState]] = {
    _D.PLANNED: frozenset({_D.SENDING, _D.SKIPPED}),
    _D.SENDING: frozenset({_D.SENT, _D.UNKNOWN, _D.FAILED, _D.PLANNED}),
    _D.UNKNOWN: frozenset({_D.SENT, _D.PLANNED, _D.FAILED}),
    _D.SENT: frozenset({_D.FAILED}),  # a mail that came back
    _D.FAILED: frozenset(),
    _D.SKIPPED: frozenset({_D.PLANNED}),  # somebody who had stopped comes back
}

ANSWERABLE = frozenset(
    state for state, onward in INVITATION_LIFE.items() if InvitationState.ANSWERED in onward
)
"""States in which a press is counted: whoever declined and presses after all has answered."""
OPEN_CAMPAIGN = frozenset({CampaignState.RUNNING, CampaignState.PAUSED})
"""States in which a campaign takes presses."""
AWAITED = frozenset(
    {
        InvitationState.PENDING,
        InvitationState.SENT,
        InvitationState.ANSWERED,
        InvitationState.COMPLETED,
    }
)
"""States in which somebody may still say something; whoever stopped is left alone."""
COUNTED = frozenset({InvitationState.ANSWERED, InvitationState.COMPLETED})
"""States of an invitation that has an answer."""


UNDER_WAY = frozenset({DeliveryState.PLANNED, DeliveryState.SENDING, DeliveryState.UNKNOWN})
"""States of a delivery whose end is not known yet."""


def move(life: Mapping[State, frozenset[State]], now: State, to: State) -> State:
    """`to`, if a thing in the state `now` may go there.

    Raises:
        IllegalTransition: If it may not.
    """
    if to not in life[now]:
        raise IllegalTransition(f"What is {now.value} cannot become {to.value}.")
    return to
