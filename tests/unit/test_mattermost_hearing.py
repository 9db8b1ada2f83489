"""What people write to the bot in Mattermost."""

from typing import Any

import pytest

from bot.mattermost.client import ServerSays
from bot.mattermost.hearing import COMMENTS, POSTS, Post
from survey.card import Act
from survey.delivery import MessageRef
from survey.errors import StorageUnavailable
from tests.callbacks import BOT, POST, Mattermost, a_mattermost, direct, id_of
from tests.chat import ADA

TEAM = "t" * 26


def written(chat: Mattermost, text: str, *, name: str = "w", **changes: Any) -> dict[str, Any]:
    """A post of Ada's, as the server tells of it."""
    at = int(chat.clock().timestamp() * 1000)
    return {
        "id": f"{name:x<26}",
        "create_at": at,
        "update_at": at,
        "delete_at": 0,
        "user_id": id_of(ADA),
        "channel_id": direct(ADA),
        "root_id": "",
        "message": text,
        "type": "",
        "props": {},
        **changes,
    }


async def hears(chat: Mattermost, told: dict[str, Any], *, direct: bool = True) -> None:
    await chat.hearing.hear(Post.read(told, direct=direct))


async def asked() -> Mattermost:
    chat = a_mattermost()
    chat.ask()
    await chat.press(Act.SCORE, "6")
    return chat


async def test_an_answer_in_the_thread_is_the_reason_and_is_confirmed_there() -> None:
    chat = await asked()

    await hears(chat, written(chat, "Slow laptops", root_id=POST))

    assert chat.invitation().response.comment == "Slow laptops"
    ((_, ref, card),) = chat.messenger.updates
    assert ref == MessageRef(channel=direct(ADA), message=POST)
    assert "You wrote: Slow laptops" in card.lines
    (said,) = chat.client.posted()
    assert said == {
        "channel_id": direct(ADA),
        "root_id": POST,
        "message": "Thank you. That goes to the People team, word for word, without your name.",
        "pending_post_id": f"{BOT}:{'w':x<26}",
    }


async def test_words_outside_of_threads_concern_the_only_open_question() -> None:
    chat = await asked()
    await hears(chat, written(chat, "Slow laptops"))
    assert chat.invitation().response.comment == "Slow laptops"
    assert [ref.message for _, ref, _ in chat.messenger.updates] == [POST]
    assert chat.client.posted()[0]["root_id"] == ""


async def test_a_thread_of_another_message_is_no_answer() -> None:
    chat = await asked()
    await hears(chat, written(chat, "Slow laptops", root_id="q" * 26))
    assert chat.invitation().response.comment is None
    assert len(chat.client.posted()) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"user_id": BOT},
        {"props": {"from_bot": "true"}},
        {"props": {"from_webhook": "true"}},
        {"type": "system_join_channel"},
        {"delete_at": 5},
    ],
)
async def test_what_no_person_writes_is_not_heard(changes: dict[str, Any]) -> None:
    chat = await asked()
    await hears(chat, written(chat, "Slow laptops", **changes))
    assert chat.invitation().response.comment is None
    assert chat.client.posted() == []


async def test_what_is_written_in_channels_is_not_heard() -> None:
    chat = await asked()
    await hears(chat, written(chat, "Slow laptops"), direct=False)
    assert chat.invitation().response.comment is None


async def test_fault_37_event_delivered_again() -> None:
    chat = await asked()
    told = written(chat, "Slow laptops", root_id=POST)
    for _ in range(3):
        await hears(chat, told)
    assert chat.invitation().response.comment == "Slow laptops"
    assert len(chat.client.posted()) == 1


async def test_fault_37_event_delivered_again_after_a_crash_in_between() -> None:
    chat = await asked()
    told = written(chat, "Slow laptops", root_id=POST)
    await hears(chat, told)
    chat.store.heard.remove((POSTS, told["id"]))  # it died before it wrote this down
    assert (COMMENTS, told["id"]) in chat.store.heard
    await hears(chat, told)
    assert chat.invitation().response.comment == "Slow laptops"
    first, second = chat.client.posted()
    assert first == second  # the server takes one of them


async def test_while_the_database_is_away_nothing_counts_as_heard() -> None:
    chat = await asked()
    told = written(chat, "Slow laptops", root_id=POST)
    chat.store.down.add("is_new")
    with pytest.raises(StorageUnavailable):
        await hears(chat, told)
    chat.store.down.clear()
    await hears(chat, told)
    assert chat.invitation().response.comment == "Slow laptops"


async def test_a_confirmation_that_is_not_taken_costs_no_comment() -> None:
    chat = await asked()
    chat.client.refusals["/posts"] = ServerSays(500, "broken")
    await hears(chat, written(chat, "Slow laptops", root_id=POST))
    assert chat.invitation().response.comment == "Slow laptops"


def holds(chat: Mattermost, *posts: dict[str, Any], channels: int = 1) -> None:
    """The server has these posts in Ada's direct messages, and quiet channels beside."""
    newest = max(post["create_at"] for post in posts)
    chat.client.answers |= {
        "/users/me/teams": [{"id": TEAM}],
        f"/users/me/teams/{TEAM}/channels": [
            {"id": direct(ADA), "type": "D", "last_post_at": newest},
            {"id": "o" * 26, "type": "O", "last_post_at": newest},
            *({"id": f"{n:026}", "type": "D", "last_post_at": 5} for n in range(channels)),
        ],
        f"/channels/{direct(ADA)}/posts": {
            "order": [post["id"] for post in posts],
            "posts": {post["id"]: post for post in posts},
        },
    }


async def test_what_was_written_while_nobody_listened_is_read_up_in_order() -> None:
    chat = await asked()
    first = written(chat, "First", root_id=POST)
    chat.clock.forward(seconds=1)
    second = written(chat, "Second", name="v", root_id=POST)
    holds(chat, second, first)

    await chat.hearing.catch_up()
    await chat.hearing.catch_up()

    assert chat.invitation().response.comment == "First\nSecond"
    assert chat.store.marks[POSTS] == second["create_at"]
    read = [
        path for _, path, _ in chat.client.asked if path.endswith("/posts") and path != "/posts"
    ]
    assert set(read) == {f"/channels/{direct(ADA)}/posts"}


async def test_what_was_written_before_the_mark_is_not_read_again() -> None:
    chat = await asked()
    old = written(chat, "Old", root_id=POST)
    chat.clock.forward(hours=2)
    chat.store.marks[POSTS] = int(chat.clock().timestamp() * 1000)
    holds(chat, old)
    await chat.hearing.catch_up()
    assert chat.invitation().response.comment is None


async def test_the_mark_stays_before_what_could_not_be_dealt_with() -> None:
    chat = await asked()
    first = written(chat, "First", root_id=POST)
    chat.clock.forward(seconds=1)
    second = written(chat, "Second", name="v", root_id=POST)
    holds(chat, first, second)
    chat.store.down.add("done")
    with pytest.raises(StorageUnavailable):
        await chat.hearing.catch_up()
    assert POSTS not in chat.store.marks
    chat.store.down.clear()
    await chat.hearing.catch_up()
    assert chat.invitation().response.comment == "First\nSecond"


async def test_a_bot_in_no_team_listens_all_the_same() -> None:
    chat = await asked()
    chat.client.answers["/users/me/teams"] = []
    await chat.hearing.catch_up()
    assert chat.invitation().response.comment is None


async def test_a_post_dated_into_the_future_hides_nothing_that_comes_before() -> None:
    chat = await asked()
    imported = written(chat, "Imported", create_at=4_102_444_800_000, channel_id="c" * 26)
    await hears(chat, imported, direct=False)
    await chat.hearing.keep_mark(now=True)
    minutes_ahead = chat.store.marks[POSTS] / 60_000 - chat.clock().timestamp() / 60
    assert minutes_ahead <= 5
