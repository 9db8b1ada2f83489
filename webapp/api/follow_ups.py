"""Low marks that somebody looks after, for programs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from survey.audit import Entry, plain
from survey.errors import (
    AlreadyTaken,
    CommentTooLong,
    InvalidValue,
    NotAllowed,
    NotFound,
    OutOfDate,
    StorageUnavailable,
)
from survey.follow_ups import FollowUp, FollowUpState
from survey.person import Person
from survey.ports import Clock, FollowUps, Key, People, Role
from survey.survey import COMMENT_LIMIT
from survey.wording import happened
from webapp.api.answers import problems
from webapp.api.keys import Access, by
from webapp.api.models import Body, Email, Words
from webapp.api.pages import USUAL, Cursor, Limit, Page, id_in, instant_in, page, parts_of

_KEYS = (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS, NotAllowed, StorageUnavailable)
_EXAMPLE: dict[str, JsonValue] = {
    "id": "0f8fad5b-d9cb-469f-a165-70867728950e",
    "survey": "support",
    "state": "taken",
    "score": 2,
    "alerted_score": 1,
    "comment": "It took three days.",
    "email": "grace@example.org",
    "name": "Grace Moss",
    "subject": "Where is my parcel?",
    "occasion": "zammad:4711",
    "groups": {"category": "delivery"},
    "opened_at": "2026-11-20T10:15:02Z",
    "answered_at": "2026-11-20T10:14:58Z",
    "taken_by": "ada@example.org",
    "taken_at": "2026-11-20T10:20:00Z",
    "done_at": None,
    "note": "Called her; a new parcel is on its way.",
}


@dataclass(frozen=True, kw_only=True)
class FollowUpParts:
    """What these routes are made of.

    Attributes:
        access: Checks keys.
        knock: Wakes up a sweep by its name: what channels show changes at once.
    """

    follow_ups: FollowUps
    people: People
    access: Access
    clock: Clock
    knock: Callable[[str], None]


class FollowUpOut(BaseModel):
    """A low mark, and who looks after it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: UUID = Field(description="Of the answer's invitation.")
    survey: str
    state: FollowUpState
    score: int | None = Field(description="As it stands by now; null if it was taken back.")
    alerted_score: int = Field(description="The mark that alerted.")
    comment: str | None
    email: str
    name: str
    subject: str | None = Field(description="What it is about: the request, the feature.")
    occasion: str | None = Field(description="What brought the question: `zammad:4711`.")
    groups: dict[str, str]
    opened_at: datetime
    answered_at: datetime | None
    taken_by: str | None = Field(description="The e-mail of whoever looks after it.")
    taken_at: datetime | None
    done_at: datetime | None
    note: str


class FollowUpChange(Body):
    """What changes; what is left out stays."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"state": "taken", "taken_by": "ada@example.org"}, {"state": "done"}]
        }
    )

    state: Annotated[FollowUpState | None, Field(strict=False)] = Field(
        default=None,
        description="`open` gives it back, and is how what is done is opened again.",
    )
    taken_by: Email | None = Field(
        default=None, description="Who takes it, with `taken`: an e-mail on the roster."
    )
    note: Words | None = Field(
        default=None,
        description=f"In place of the one before, up to {COMMENT_LIMIT:,} characters; empty for "
        "none.",
    )


def told(found: FollowUp) -> FollowUpOut:
    """As it goes out."""
    invitation, about = found.invitation, found.invitation.about
    return FollowUpOut(
        id=invitation.id,
        survey=invitation.campaign.survey.name,
        state=found.state,
        score=invitation.response.score,
        alerted_score=found.mark,
        comment=invitation.response.comment,
        email=invitation.person.email,
        name=invitation.person.name,
        subject=happened.word(about, "subject") or None,
        occasion=None if about is None else about.key,
        groups=dict(found.groups),
        opened_at=found.opened_at,
        answered_at=invitation.pressed_at,
        taken_by=None if found.taken_by is None else found.taken_by.email,
        taken_at=found.taken_at,
        done_at=found.done_at,
        note=found.note,
    )


def follow_up_routers(parts: FollowUpParts) -> Sequence[APIRouter]:
    """Below `/api/v1/follow-ups`."""
    router = APIRouter(prefix="/api/v1/follow-ups", tags=["follow-ups"])
    asked = parts.access.requires(Role.ADMIN)

    async def note(key: Key, action: str, about: str) -> None:
        entry = Entry(at=parts.clock(), actor=by(key), action=action, about=plain(about))
        await parts.access.audit.append(entry)

    @router.get("", responses=problems(*_KEYS, InvalidValue))
    async def list_follow_ups(
        key: Annotated[Key, Depends(asked)],
        state: Annotated[
            FollowUpState | None, Query(description="Left out: all that are not done.")
        ] = None,
        limit: Limit = USUAL,
        cursor: Cursor = None,
    ) -> Page[FollowUpOut]:
        """Low marks, what waits longest first. Needs a key of the role admin."""
        states = {FollowUpState.OPEN, FollowUpState.TAKEN} if state is None else {state}
        after = None
        if cursor is not None:
            opened_at, number = parts_of(cursor, 2)
            after = instant_in(opened_at), id_in(number)
        await note(key, "follow_ups.read", "low marks")
        found = await parts.follow_ups.all(states, after=after, limit=limit + 1)
        return page(
            found,
            limit,
            tell=told,
            place=lambda one: (one.opened_at.isoformat(), str(one.invitation.id)),
        )

    @router.patch(
        "/{id}",
        responses=problems(
            HTTPStatus.BAD_REQUEST,
            *_KEYS,
            NotFound,
            AlreadyTaken,
            OutOfDate,
            CommentTooLong,
            InvalidValue,
        ),
    )
    async def change_follow_up(
        key: Annotated[Key, Depends(asked)],
        number: Annotated[UUID, Path(alias="id", description="As the list tells it.")],
        change: FollowUpChange,
    ) -> FollowUpOut:
        """Take it, give it back, be done with it, or write something down about it.

        What channels show changes with it. The same again changes nothing. Needs a key of the role
        admin.
        """
        taker = await _taker(parts.people, change)
        await note(key, "follow_up.changed", str(number))
        now = parts.clock()
        found = await parts.follow_ups.change(
            number, lambda before: _changed(before, change, taker, at=now), at=now
        )
        parts.knock("send")
        return told(found)

    return [router]


async def _taker(people: People, change: FollowUpChange) -> Person | None:
    if change.taken_by is None:
        return None
    if change.state is not FollowUpState.TAKEN:
        raise InvalidValue('taken_by: it goes with `"state": "taken"` alone.')
    found = await people.by_email(change.taken_by)
    if found is None or not found.active:
        raise InvalidValue("taken_by: nobody on the roster has this e-mail.")
    return found


def _changed(
    before: FollowUp, change: FollowUpChange, taker: Person | None, *, at: datetime
) -> FollowUp:
    after = before if change.note is None else before.noted(change.note)
    match change.state:
        case FollowUpState.TAKEN:
            return after.taken(taker, at=at)
        case FollowUpState.DONE:
            return after.done(at=at)
        case FollowUpState.OPEN if after.state is not FollowUpState.OPEN:
            return after.given_back()
        case _:
            return after
