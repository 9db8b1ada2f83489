"""The press: one statement on PostgreSQL, one immediate transaction on SQLite.

`survey.invitation.Invitation.answer` is the specification; a property test holds both to it.
The invitation's row is the lock: simultaneous presses of one person queue for it, and each sees
what the one before it left. The score before comes from the response's own row as the upsert finds
it (`previous`), which is what keeps the totals right; a subselect beside it would read the past.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Integer,
    SmallInteger,
    String,
    bindparam,
    case,
    cast,
    exists,
    literal_column,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.sql import ClauseElement

from storage.instants import Instant
from storage.rows import PERSON, UNTIL
from storage.tables import (
    addresses,
    campaigns,
    deliveries,
    invitations,
    people,
    responses,
    totals,
)
from survey.person import EMAIL
from survey.states import ANSWERABLE, COUNTED, OPEN_CAMPAIGN, InvitationState

_ANSWERABLE = sorted(state.value for state in ANSWERABLE)
_COUNTED = sorted(state.value for state in COUNTED)
_OPEN = sorted(state.value for state in OPEN_CAMPAIGN)


class Compiled:
    """A statement as text with positional parameters, made once."""

    def __init__(self, statement: ClauseElement, dialect: Any) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        self.text = str(compiled)
        self._names: Sequence[str] = compiled.positiontup or ()
        returned = getattr(statement, "exported_columns", ())
        self.columns: Sequence[str] = [column.name for column in returned]

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """The values in the statement's order, as the driver takes them."""
        return [values[name] for name in self._names]


def _constant(value: str | int) -> Any:
    """A word of ours, written into the statement: the driver has less to bind."""
    if isinstance(value, int):
        return literal_column(str(value), Integer)
    return literal_column(f"'{value}'", String)


def _among(values: Sequence[str]) -> Any:
    return [_constant(value) for value in values]


_score = bindparam("score", type_=SmallInteger)
_shard = bindparam("shard", type_=SmallInteger)
_respondent = bindparam("respondent", type_=String)
_waiting = responses.c.waiting.type


def _who_and_when(*, by_link: bool) -> tuple[Any, ...]:
    """The press fits: the round is open, it is theirs, nothing newer stands."""
    account = (
        addresses.c.platform == bindparam("platform", type_=String),
        addresses.c.workspace == bindparam("workspace", type_=String),
        addresses.c.user_id == bindparam("user", type_=String),
        people.c.id == addresses.c.person_id,
    )
    return (
        invitations.c.id == bindparam("invitation", type_=invitations.c.id.type),
        invitations.c.campaign_id == bindparam("campaign", type_=campaigns.c.id.type),
        campaigns.c.id == invitations.c.campaign_id,
        campaigns.c.state.in_(_among(_OPEN)),
        bindparam("at", type_=Instant) < UNTIL,
        # Whoever holds the invitation's own link is the one who was asked.
        *(() if by_link else account),
        invitations.c.person_id == people.c.id,
        or_(
            invitations.c.pressed_at.is_(None),
            invitations.c.pressed_at <= bindparam("at", type_=Instant),
        ),
    )


def _answerable(*, undo: bool) -> tuple[Any, ...]:
    if undo:
        return (
            invitations.c.state.in_(_among(_COUNTED)),
            bindparam("once", type_=Integer) == _constant(0),
        )
    return (
        invitations.c.state.in_(_among(_ANSWERABLE)),
        or_(
            bindparam("once", type_=Integer) == _constant(0),
            invitations.c.state.not_in(_among(_COUNTED)),
        ),
    )


def _others(*, by_link: bool) -> Any:
    """Whether messages about it went out that this press does not change by itself."""
    if not by_link:
        return (invitations.c.messages > _constant(1)).label("others")
    shown = exists().where(
        deliveries.c.invitation_id == invitations.c.id,
        deliveries.c.platform != _constant(EMAIL),
        deliveries.c.message_ref.is_not(None),
    )
    return shown.correlate(invitations).label("others")


def _new_state(*, undo: bool) -> Any:
    if undo:
        return _constant(InvitationState.SENT.value)
    completed = _constant(InvitationState.COMPLETED.value)
    return case(
        (invitations.c.state == completed, completed),
        else_=_constant(InvitationState.ANSWERED.value),
    )


def _count(answer: Any) -> Any:
    """One up for the new score, one down for the one before."""
    same = answer.c.previous.is_not_distinct_from(answer.c.score)
    return union_all(
        select(
            answer.c.campaign_id,
            answer.c.cohort,
            _shard.label("shard"),
            answer.c.score,
            _constant(1).label("n"),
        ).where(~same, answer.c.score.is_not(None)),
        select(
            answer.c.campaign_id,
            answer.c.cohort,
            _shard,
            answer.c.previous,
            _constant(-1).label("n"),
        ).where(~same, answer.c.previous.is_not(None)),
    ).subquery("counts")


def _counted(answer: Any) -> Any:
    """Bring the totals up to date."""
    counts = _count(answer)
    total = pg_insert(totals).from_select(
        ["campaign_id", "cohort", "shard", "score", "n"],
        # In one order everywhere, so that two presses never wait for each other in a circle.
        select(*counts.c).order_by(counts.c.score),
    )
    return total.on_conflict_do_update(
        index_elements=["campaign_id", "cohort", "shard", "score"],
        set_={"n": totals.c.n + total.excluded.n},
    ).cte("counted")


def postgresql_press(*, undo: bool, by_link: bool, totals_kept: bool = True) -> Compiled:
    """The whole press (or undo) as one statement; no row means: ask why not.

    Args:
        undo: Whether it takes an answer back.
        by_link: Whether the invitation's own link was opened, rather than a button pressed by an
            account.
        totals_kept: Whether the totals are brought up to date.
    """
    asked = (
        invitations.update()
        .where(*_who_and_when(by_link=by_link), *_answerable(undo=undo))
        .values(
            state=_new_state(undo=undo),
            pressed_at=bindparam("at", type_=Instant),
        )
        .returning(
            invitations.c.campaign_id,
            invitations.c.cohort,
            invitations.c.state,
            invitations.c.first_contact,
            _others(by_link=by_link),
            campaigns.c.state.label("campaign_state"),
            *PERSON,
        )
        .cte("asked")
    )
    score: Any = cast(null(), SmallInteger) if undo else _score
    fresh = pg_insert(responses).from_select(
        ["campaign_id", "respondent", "cohort", "score", "waiting"],
        select(
            asked.c.campaign_id,
            _respondent,
            asked.c.cohort,
            score,
            bindparam("waiting", type_=_waiting),
        ),
    )
    replaced: dict[str, Any] = {
        "previous": responses.c.score,
        "score": fresh.excluded.score,
        "waiting": fresh.excluded.waiting,
    }
    if undo:
        replaced["comment"] = null()
    answer = (
        fresh.on_conflict_do_update(index_elements=["campaign_id", "respondent"], set_=replaced)
        .returning(
            responses.c.campaign_id,
            responses.c.cohort,
            responses.c.score,
            responses.c.previous,
            responses.c.comment,
        )
        .cte("answer")
    )
    statement = select(asked, answer.c.score, answer.c.previous, answer.c.comment).join_from(
        asked, answer, asked.c.campaign_id == answer.c.campaign_id
    )
    if totals_kept:
        statement = statement.add_cte(_counted(answer))
    return Compiled(statement, asyncpg_dialect.dialect())  # type: ignore[no-untyped-call]


class SqliteStatements:
    """The same in steps; SQLite has no writing statements inside of others."""

    def __init__(self, *, undo: bool, by_link: bool) -> None:
        dialect = sqlite.dialect()
        self.undo = undo
        asked = select(
            invitations.c.campaign_id,
            invitations.c.cohort,
            cast(_new_state(undo=undo), String).label("state"),
            invitations.c.first_contact,
            _others(by_link=by_link),
            campaigns.c.state.label("campaign_state"),
            *PERSON,
        ).where(*_who_and_when(by_link=by_link), *_answerable(undo=undo))
        self.asked = Compiled(asked, dialect)
        self.mark = Compiled(
            invitations.update()
            .where(invitations.c.id == bindparam("invitation", type_=invitations.c.id.type))
            .values(
                state=bindparam("new_state", type_=String),
                pressed_at=bindparam("at", type_=Instant),
            ),
            dialect,
        )
        fresh = sqlite_insert(responses).values(
            campaign_id=bindparam("campaign", type_=campaigns.c.id.type),
            respondent=_respondent,
            cohort=bindparam("cohort", type_=Integer),
            score=bindparam("new_score", type_=SmallInteger),
            waiting=bindparam("waiting", type_=_waiting),
        )
        replaced: dict[str, Any] = {
            "previous": responses.c.score,
            "score": fresh.excluded.score,
            "waiting": fresh.excluded.waiting,
        }
        if undo:
            replaced["comment"] = null()
        self.answer = Compiled(
            fresh.on_conflict_do_update(
                index_elements=["campaign_id", "respondent"], set_=replaced
            ).returning(responses.c.score, responses.c.previous, responses.c.comment),
            dialect,
        )
        total = sqlite_insert(totals).values(
            campaign_id=bindparam("campaign", type_=campaigns.c.id.type),
            cohort=bindparam("cohort", type_=Integer),
            shard=_shard,
            score=bindparam("counted_score", type_=SmallInteger),
            n=bindparam("by", type_=Integer),
        )
        self.count = Compiled(
            total.on_conflict_do_update(
                index_elements=["campaign_id", "cohort", "shard", "score"],
                set_={"n": totals.c.n + total.excluded.n},
            ),
            dialect,
        )
