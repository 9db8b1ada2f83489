"""What waits to be heard from a websocket."""

import json
from typing import Any

from bot.mattermost.hearing import Post
from bot.mattermost.listener import Reading, Sign


def posted(number: int, seq: int | None = None) -> dict[str, Any]:
    post = {"id": f"p{number}", "user_id": "u", "channel_id": "c", "create_at": number}
    return {
        "event": "posted",
        "seq": number if seq is None else seq,
        "data": {"post": json.dumps(post), "channel_type": "D"},
    }


async def waiting(reading: Reading) -> list[str]:
    found = []
    while not reading.is_empty:
        one = await reading.next()
        found.append(one.id if isinstance(one, Post) else one.name)
    return found


async def test_a_gap_between_numbers_is_told_once_for_all_that_waits() -> None:
    reading = Reading()
    for number in (1, 2, 4, 7):
        reading.take(posted(number))
    assert await waiting(reading) == ["p1", "p2", "MISSED", "p4", "p7"]


async def test_only_so_many_posts_wait_and_the_others_are_read_up() -> None:
    reading = Reading(most=3)
    for number in range(100):
        reading.take(posted(number))
    assert await waiting(reading) == ["p0", "p1", "p2", "MISSED"]


async def test_what_is_dropped_after_some_was_read_up_is_read_up_as_well() -> None:
    reading = Reading(most=1)
    reading.take(posted(1))
    reading.take(posted(2))
    assert await waiting(reading) == ["p1", "MISSED"]
    reading.take(posted(3))
    reading.take(posted(4))
    assert await waiting(reading) == ["p3", "MISSED"]


async def test_the_end_of_a_connection_is_told_however_much_waits() -> None:
    reading = Reading(most=0)
    reading.take(posted(1))
    reading.end()
    assert [await reading.next(), await reading.next()] == [Sign.MISSED, Sign.END]
