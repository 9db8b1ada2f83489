"""Of two changes of a message under way, the newer one stays."""

import asyncio
from datetime import UTC, datetime, timedelta

from bot.slack.shown import Shown
from survey.card import Card
from survey.delivery import MessageRef

AT = datetime(2026, 11, 16, 9, tzinfo=UTC)
REF = MessageRef(channel="D1", message="1.1")


def _card(minutes: int | None) -> Card:
    return Card(as_of=None if minutes is None else AT + timedelta(minutes=minutes))


def test_only_an_older_card_is_outdated() -> None:
    shown = Shown()
    assert not shown.newer(REF, _card(None))
    shown.note(REF, _card(5))
    assert shown.newer(REF, _card(3))
    assert shown.newer(REF, _card(None))
    assert not shown.newer(REF, _card(5))
    assert not shown.newer(REF, _card(7))
    assert not shown.newer(MessageRef(channel="D2", message="1.1"), _card(3))


def test_as_many_are_remembered_as_there_is_room_for_the_latest_ones() -> None:
    shown = Shown(most=2)
    refs = [MessageRef(channel="D1", message=str(number)) for number in range(3)]
    shown.note(refs[0], _card(5))
    shown.note(refs[1], _card(5))
    shown.note(refs[0], _card(6))
    shown.note(refs[2], _card(5))
    assert [shown.newer(ref, _card(1)) for ref in refs] == [True, False, True]


async def test_one_message_changes_once_at_a_time_and_others_meanwhile() -> None:
    shown, order = Shown(), []

    async def change(ref: MessageRef, name: str) -> None:
        async with shown.changing(ref):
            order.append(f"{name} begins")
            await asyncio.sleep(0)
            order.append(f"{name} ends")

    other = MessageRef(channel="D2", message="1.1")
    await asyncio.gather(change(REF, "a"), change(REF, "b"), change(other, "c"))
    assert order.index("a ends") < order.index("b begins")
    assert order.index("c begins") < order.index("a ends")
