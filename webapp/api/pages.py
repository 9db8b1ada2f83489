"""Lists, a page at a time.

A route takes `limit: Limit = USUAL` and `cursor: Cursor = None`, reads `limit + 1` things behind
`parts_of(cursor, n)`, and answers with `page(found, limit, tell=…, place=…)`, a `Page[…]`. What a
part stands for is read by `instant_in`, `id_in` and `number_in`, which refuse whatever else comes.

A cursor is the place of the last thing told, not a number of things to leave out: what comes or
goes meanwhile neither repeats nor hides anything.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Generic, TypeGuard, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from survey.errors import InvalidValue

USUAL = 50
"""How many things a page has where nobody says."""
MOST = 200
"""How many it may have."""
LONGEST_CURSOR = 1000
"""Characters."""
_LONGEST_NUMBER = 18

Found = TypeVar("Found")
Told = TypeVar("Told")

Limit = Annotated[int, Query(ge=1, le=MOST, description="How many there are on a page.")]
Cursor = Annotated[
    str | None,
    Query(
        max_length=LONGEST_CURSOR,
        description="`next_cursor` of the page before; left out: the first page.",
    ),
]


class Page(BaseModel, Generic[Told]):
    """Some of a list, and how to go on."""

    data: list[Told]
    next_cursor: str | None = Field(description="For the next page; null on the last one.")


def cursor_of(*parts: str) -> str:
    """A place in a list as a word that goes into an address; nobody is to look into it.

    Args:
        parts: What the list is sorted by, of the last thing told.
    """
    packed = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return urlsafe_b64encode(packed.encode()).rstrip(b"=").decode()


def parts_of(cursor: str, n: int) -> list[str]:
    """The place that a cursor stands for.

    Raises:
        InvalidValue: If it is none of ours, or has not `n` parts: it is of another list.
    """
    try:
        packed = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        parts: object = json.loads(packed)
        # A word that could be read in several ways would be several cursors.
        if _are_words(parts, n) and cursor_of(*parts) == cursor:
            return parts
    except (ValueError, RecursionError):
        raise _bent() from None
    raise _bent()


def _are_words(parts: object, n: int) -> TypeGuard[list[str]]:
    return (
        isinstance(parts, list)
        and len(parts) == n
        and all(isinstance(part, str) and "\x00" not in part for part in parts)
    )


def instant_in(part: str) -> datetime:
    """An instant that went into a cursor as `.isoformat()`.

    Raises:
        InvalidValue: If this is none, or one of no zone.
    """
    try:
        found = datetime.fromisoformat(part)
        offset = found.utcoffset()
    except ValueError:
        raise _bent() from None
    if offset is None or offset:
        raise _bent()
    return found


def id_in(part: str) -> UUID:
    """An id that went into a cursor as a string.

    Raises:
        InvalidValue: If this is none.
    """
    try:
        return UUID(part)
    except ValueError:
        raise _bent() from None


def number_in(part: str) -> int:
    """A whole number from 0 on that went into a cursor as a string.

    Raises:
        InvalidValue: If this is none, or more than a database counts.
    """
    if not (part.isascii() and part.isdigit() and len(part) <= _LONGEST_NUMBER):
        raise _bent()
    return int(part)


def page(
    found: Sequence[Found],
    limit: int,
    *,
    tell: Callable[[Found], Told],
    place: Callable[[Found], Sequence[str]],
) -> Page[Told]:
    """A page of what was read.

    Args:
        found: Up to `limit + 1` things, in their order; one too many means that there are more.
        limit: How many are told.
        tell: A thing as it goes out.
        place: What the list is sorted by, of one thing; ends with something unique.
    """
    told = found[:limit]
    more = len(found) > limit
    return Page(
        data=[tell(one) for one in told],
        next_cursor=cursor_of(*place(told[-1])) if more else None,
    )


def _bent() -> InvalidValue:
    return InvalidValue("cursor: it is none of this list. Take `next_cursor` as it was told.")
