"""What Slack tells of: words in the direct messages, visits to the Home tab, our removal."""

from datetime import timedelta
from typing import Any

import pytest

from bot.slack.gate import address_of
from survey.card import Act
from survey.ports import Installation
from tests.chat import ADA, BEN
from tests.examples import MONDAY
from tests.slack_inbound import (
    OTHER_TEAM,
    POST,
    TEAM,
    Slack,
    a_slack,
    direct,
    id_of,
    said,
)

IN_THREAD: dict[str, Any] = {"thread_ts": POST}


async def scored() -> Slack:
    chat = a_slack()
    chat.ask()
    await chat.press(Act.SCORE, "6")
    return chat


async def test_words_in_the_thread_are_the_reason_and_are_answered_there() -> None:
    chat = await scored()

    answer = await chat.tell(chat.written("Slow laptops", **IN_THREAD))

    assert (answer.status_code, answer.text) == (200, "")
    assert chat.invitation().response.comment == "Slow laptops"
    (update,) = chat.api.calls("chat.update")
    assert "You wrote: Slow laptops" in said(update)
    (posted,) = chat.api.calls("chat.postMessage")
    assert (posted["channel"], posted["thread_ts"]) == (direct(ADA), POST)
    assert said(posted).startswith("Thank you.")


async def test_words_beside_the_thread_concern_the_only_open_question() -> None:
    chat = await scored()
    await chat.tell(chat.written("Slow laptops"))
    assert chat.invitation().response.comment == "Slow laptops"
    (update,) = chat.api.calls("chat.update")
    assert update["ts"] == POST
    (posted,) = chat.api.calls("chat.postMessage")
    assert "thread_ts" not in posted


async def test_words_in_the_thread_of_another_message_are_none_of_a_question() -> None:
    chat = await scored()
    await chat.tell(chat.written("Hello?", thread_ts="1795604300.000001"))
    assert chat.invitation().response.comment is None
    (posted,) = chat.api.calls("chat.postMessage")
    assert posted["thread_ts"] == "1795604300.000001"


@pytest.mark.parametrize("subtype", ["thread_broadcast", "file_share", "me_message"])
async def test_words_in_the_channel_too_or_with_a_file_or_after_me_count(subtype: str) -> None:
    chat = await scored()
    await chat.tell(chat.written("Slow laptops", subtype=subtype, **IN_THREAD))
    assert chat.invitation().response.comment == "Slow laptops"


@pytest.mark.parametrize("where", [IN_THREAD, {}])
async def test_a_file_without_words_is_told_that_it_is_not_read(where: dict[str, Any]) -> None:
    chat = await scored()
    written = list(chat.store.writes)
    event = chat.written(" ", subtype="file_share", **where)
    await chat.tell(event)
    await chat.tell(event, again=1)
    (posted,) = chat.api.calls("chat.postMessage")
    assert said(posted).startswith("I can't read files")
    assert posted.get("thread_ts") == where.get("thread_ts")
    assert chat.store.writes == written


@pytest.mark.parametrize(
    "changes",
    [
        {"subtype": "message_changed"},
        {"subtype": "message_deleted"},
        {"subtype": "bot_message"},
        {"subtype": "channel_join"},
        {"bot_id": "B0VOXPOP00"},
        {"user": None},
        {"channel_type": "channel"},
        {"channel_type": "mpim"},
        {"channel": None},
        {"ts": "yesterday"},
    ],
)
async def test_what_nobody_wrote_to_us_alone_is_left_alone(changes: dict[str, Any]) -> None:
    chat = await scored()
    before, asked = list(chat.store.writes), list(chat.api.asked)
    event = chat.written("Slow laptops", **{**IN_THREAD, **changes})
    assert (await chat.tell(event)).status_code == 200
    assert chat.store.writes == before
    assert chat.api.asked == asked


async def test_fault_37_words_that_are_told_again_have_no_effect() -> None:
    chat = await scored()
    event = chat.written("Slow laptops", **IN_THREAD)
    await chat.tell(event)
    chat.clock.forward(minutes=1)
    written, asked = list(chat.store.writes), list(chat.api.asked)

    for again in (1, 2):
        assert (await chat.tell(event, again=again)).status_code == 200

    assert chat.store.writes == written
    assert chat.api.asked == asked
    assert chat.invitation().response.comment == "Slow laptops"


async def test_fault_37_words_that_were_kept_before_a_crash_are_not_added_again() -> None:
    chat = await scored()
    event = chat.written("Slow laptops", **IN_THREAD)
    await chat.tell(event)
    # As it is after a crash between the transaction that keeps them and the note of the event.
    chat.store.heard.discard(("slack:events", event["event_id"]))
    await chat.tell(event, again=1)
    assert chat.invitation().response.comment == "Slow laptops"


async def test_fault_5_words_while_the_database_is_away_are_told_again_later() -> None:
    chat = await scored()
    event = chat.written("Slow laptops", **IN_THREAD)
    chat.store.down.add("*")
    assert (await chat.tell(event)).status_code == 503
    chat.store.down.clear()
    assert (await chat.tell(event, again=1)).status_code == 200
    assert chat.invitation().response.comment == "Slow laptops"


async def test_words_of_somebody_unknown_get_a_sentence() -> None:
    chat = a_slack()
    await chat.tell(chat.written("Hello", user="U0STRANGER"))
    (posted,) = chat.api.calls("chat.postMessage")
    assert said(posted).startswith("I don't know you yet")


async def test_a_visit_to_the_home_tab_publishes_it() -> None:
    chat = a_slack()
    opened = chat.event("app_home_opened", user=id_of(BEN), channel=direct(BEN), tab="home")
    answer = await chat.tell(opened)
    assert (answer.status_code, answer.text) == (200, "")
    assert chat.homes == [address_of("", id_of(BEN))]


async def test_fault_37_a_visit_that_is_told_again_is_one() -> None:
    chat = a_slack()
    opened = chat.event("app_home_opened", user=id_of(BEN), channel=direct(BEN), tab="home")
    chat.store.down.add("done")
    assert (await chat.tell(opened)).status_code == 503
    chat.store.down.clear()
    for again in (1, 2):
        assert (await chat.tell(opened, again=again)).status_code == 200
    assert chat.homes == [address_of("", id_of(BEN))]


async def test_a_visit_to_the_messages_tab_publishes_nothing() -> None:
    chat = a_slack()
    opened = chat.event("app_home_opened", user=id_of(BEN), channel=direct(BEN), tab="messages")
    await chat.tell(opened)
    assert chat.homes == []


def installation(**changes: Any) -> Installation:
    whole: dict[str, Any] = {
        "workspace": OTHER_TEAM,
        "name": "Other",
        "bot_user_id": "U0VOXPOP00",
        "app_id": "A0VOXPOP00",
        "scopes": ("chat:write",),
        "token": "xoxb-other",
        "installed_at": MONDAY - timedelta(days=30),
        "installed_by": "U0OTHER000",
        **changes,
    }
    return Installation(**whole)


async def test_another_workspace_has_addresses_of_its_own() -> None:
    chat = a_slack()
    await chat.installations.save(installation())
    opened = chat.event("app_home_opened", team=OTHER_TEAM, user=id_of(ADA), tab="home")
    await chat.tell(opened)
    assert chat.homes == [address_of(OTHER_TEAM, id_of(ADA))]


async def test_a_workspace_that_never_installed_us_is_not_served() -> None:
    chat = a_slack()
    opened = chat.event("app_home_opened", team=OTHER_TEAM, user=id_of(ADA), tab="home")
    assert (await chat.tell(opened)).status_code == 200
    assert chat.homes == []


@pytest.mark.parametrize(
    "event",
    [
        {"kind": "app_uninstalled"},
        {"kind": "tokens_revoked", "tokens": {"bot": ["U0VOXPOP00"], "oauth": []}},
    ],
)
async def test_fault_22_who_uninstalls_us_is_forgotten(event: dict[str, Any]) -> None:
    chat = a_slack()
    await chat.installations.save(installation())
    told = chat.event(team=OTHER_TEAM, **event)
    assert (await chat.tell(told)).status_code == 200
    assert chat.installations.known == {}
    assert chat.ties.released == [OTHER_TEAM]
    await chat.tell(told, again=1)
    opened = chat.event("app_home_opened", team=OTHER_TEAM, user=id_of(ADA), tab="home")
    await chat.tell(opened)
    assert chat.homes == []


async def test_fault_5_a_goodbye_while_the_database_is_away_is_told_again_later() -> None:
    chat = a_slack()
    await chat.installations.save(installation())
    goodbye = chat.event("app_uninstalled", team=OTHER_TEAM)
    chat.ties.down = True
    assert (await chat.tell(goodbye)).status_code == 503
    chat.ties.down = False
    chat.clock.forward(minutes=2)
    assert (await chat.tell(goodbye, again=1)).status_code == 200
    assert (chat.ties.released, chat.installations.known) == ([OTHER_TEAM], {})


async def test_somebodys_own_token_that_is_revoked_is_none_of_ours() -> None:
    chat = a_slack()
    await chat.installations.save(installation())
    tokens = {"oauth": [id_of(ADA)]}
    await chat.tell(chat.event("tokens_revoked", team=OTHER_TEAM, tokens=tokens))
    assert list(chat.installations.known) == [OTHER_TEAM]


async def test_a_late_goodbye_does_not_undo_a_new_installation() -> None:
    chat = a_slack()
    goodbye = chat.event("app_uninstalled", team=OTHER_TEAM)
    later = chat.clock() + timedelta(minutes=1)
    await chat.installations.save(installation(installed_at=later))
    await chat.tell(goodbye)
    assert list(chat.installations.known) == [OTHER_TEAM]
    assert chat.ties.released == []


async def test_the_workspace_of_the_settings_keeps_its_accounts_while_its_token_is_changed() -> (
    None
):
    chat = a_slack()
    await chat.tell(chat.event("tokens_revoked", tokens={"bot": ["U0VOXPOP00"]}))
    assert chat.ties.released == []


@pytest.mark.parametrize("kind", ["team_rename", "message", "app_home_opened", ""])
async def test_events_that_nobody_asked_for_are_acknowledged(kind: str) -> None:
    chat = a_slack()
    assert (await chat.tell(chat.event(kind))).status_code == 200


async def test_words_are_answered_beside_a_message_that_is_gone() -> None:
    chat = await scored()
    chat.api.gone.add(POST)
    await chat.tell(chat.written("Slow laptops", **IN_THREAD))
    threads = [posted.get("thread_ts") for posted in chat.api.calls("chat.postMessage")]
    assert threads == [POST, None]


async def test_the_team_of_an_event_is_the_one_that_installed_us() -> None:
    chat = a_slack()
    event = chat.event("app_home_opened", user=id_of(ADA), tab="home") | {"team_id": OTHER_TEAM}
    await chat.tell(event)
    assert event["authorizations"][0]["team_id"] == TEAM
    assert chat.homes == [address_of("", id_of(ADA))]
