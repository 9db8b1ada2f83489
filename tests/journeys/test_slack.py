"""Voxpop in Slack, from its manifest to the close of a round, with everything that people do.

The product runs in processes of its own, as an operator starts them, and the app is what its
manifest says; Slack is the peer. Everything happens twice: one process over Socket Mode with
SQLite, and several that Slack calls with PostgreSQL.
"""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from tests.slack.outgoing import Kind, written
from tests.slack.person import Person
from tests.slack.records import Json
from tests.slack_company import PLATFORM, SALES, company
from tests.slack_installation import (
    Installation,
    home_tab,
    labels,
    menus,
    pressed,
    question,
    reads,
    shown,
    thread,
    told,
    turned,
    typed,
)

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
SCORES = [*map(str, range(11))]
BUTTONS = [*SCORES, "Later", "Why me?", "Stop asking"]
SOCKET, HTTP = "socket", "http"


# Each step goes on from the one before it.
@pytest.fixture(scope="module", params=[SOCKET, HTTP])
def database(request: pytest.FixtureRequest) -> dict[str, str]:
    """Its settings: none for the file that Voxpop makes itself."""
    if request.param == SOCKET:
        return {}
    return {
        "VOXPOP_DATABASE_URL": request.getfixturevalue("postgres").fresh(),
        "VOXPOP_SECRET_KEY": "a-key-for-tests-that-is-long-enough-to-pass",
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def home(
    database: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Installation]:
    """Set up and running; some people come from Slack, their teams from a file."""
    folder = tmp_path_factory.mktemp("voxpop")
    async with company(folder, environ=database, over_socket=not database) as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ada(home: Installation) -> Person:
    """The administrator."""
    return home.person("ada")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nps(home: Installation, ada: Person) -> dict[str, Person]:
    """A round of `nps` that Ada has started in Slack; everybody has the question."""
    assert "This goes to 7 people." in shown(await typed(ada, "/nps preview nps"))
    preview = await typed(ada, "/nps start nps")
    assert labels(preview) == ["Start", "See who", "Cancel"]
    assert "has started: 7 people are asked" in shown(await told(ada, preview, "Start"))
    people = {name: home.person(name) for name in PLATFORM}
    for person in people.values():
        await question(person)
    return people


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tools(home: Installation, ada: Person) -> dict[str, Person]:
    """A round of `tools`, started from the command line, or as any other."""
    if home.over_socket:
        started = await home.voxpop("campaign", "start", "tools", "--now")
        assert started.code == 0, started.said
    else:
        await told(ada, await typed(ada, "/nps start tools"), "Start")
    people = {name: home.person(name) for name in SALES}
    for person in people.values():
        await question(person)
    return people


async def test_an_operator_sets_it_up_and_the_doctor_finds_nothing(home: Installation) -> None:
    if home.over_socket:
        assert "Left out: 2 bots." in home.said["sync"].out
        assert "15 rows: 15 new" in home.said["sync"].out
        assert "15 rows: 2 new, 13 changed" in home.said["import"].out
        assert "2 of them were found in Slack by their e-mail." in home.said["import"].out
    else:
        assert await home.server.verify()

    examined = await home.voxpop("doctor", "--json")

    found = {line["check"]: line["result"] for line in json.loads(examined.out)}
    assert found["slack bot scopes"] == found["slack clock"] == "ok"
    # Nobody is at the address that the world outside would know.
    elsewhere = set() if home.over_socket else {"slack events"}
    assert {check for check, result in found.items() if result != "ok"} == elsewhere


async def test_everybody_gets_one_message(home: Installation, nps: dict[str, Person]) -> None:
    assert {name: home.delivered(name) for name in nps} == dict.fromkeys(nps, 1)
    message = await question(nps["gus"])
    assert shown(message).split("\n[")[0] == (
        "Hi Gus, I'm Voxpop. I ask one question a quarter, and this is it.\n"
        "**How likely are you to recommend Acme to a colleague?**\n"
        "0 = not at all · 10 = extremely"
    )
    assert labels(message) == BUTTONS
    assert "How likely are you to recommend Acme" in message["text"]
    assert "Only groups of 5 or more are ever shown. · Open until" in shown(message)


async def test_a_score_is_pressed_changed_and_taken_back(nps: dict[str, Person]) -> None:
    ann = nps["ann"]
    message = await question(ann)
    why = shown(await told(ann, message, "Why me?"))
    assert "You are in the audience of nps because of team: Platform." in why
    assert "It is run by ada@acme.test." in why

    message = await turned(ann, message, "6", "You said 6.")
    assert shown(message) == (
        "**You said 6.**\n"
        "Thank you for being straight with us.\n"
        "What should we fix first?\n"
        "[Add a reason] [Change] [Undo]\n"
        "Or just answer in this thread."
    )
    message = await turned(ann, message, "Change", "[Keep 6]")
    assert labels(message) == [*SCORES, "Keep 6"]
    message = await turned(ann, message, "9", "Changed from 6 to 9.")
    message = await turned(ann, message, "Undo", "Taken back. You can answer until")
    assert labels(message) == BUTTONS
    assert len(await ann.inbox()) == 1


async def test_a_reason_by_the_form(nps: dict[str, Person]) -> None:
    ben = nps["ben"]
    message = await turned(ben, await question(ben), "6", "You said 6.")
    await pressed(ben, message, "Add a reason")
    (form,) = await ben.until(ben.modals, bool)
    assert shown(form).startswith("You said 6.\nWhat should we fix first?")

    await ben.close()
    assert "[Add a reason]" in shown(await question(ben))
    await pressed(ben, message, "Add a reason")
    (form,) = await ben.until(ben.modals, bool)
    assert (await ben.submit({"comment": "The *coffee*, <!channel> & @ada!"})).ok
    message = await reads(ben, message["ts"], "[Edit]")
    assert "That goes to the People team, word for word, without your name." in shown(message)
    assert "You wrote: The *coffee*, <!channel> & @ada!" in shown(message)

    again = await ben.submit({"comment": "Sent twice."}, modal=form)
    assert not again.error
    assert "The *coffee*" in shown(await question(ben))
    await pressed(ben, message, "Edit")
    await ben.until(ben.modals, bool)
    assert (await ben.submit({"comment": "The tea."})).ok
    await reads(ben, message["ts"], "You wrote: The tea.")


async def test_a_reason_in_the_thread_and_one_without(nps: dict[str, Person]) -> None:
    cid = nps["cid"]
    message = await question(cid)
    await cid.write("Too much ado, & <b>more</b>.", thread=message)
    kept = "Thank you, I kept that. Press a number as well, and it counts."
    await cid.until(lambda: thread(cid), lambda said: said[-1:] == [kept])

    await turned(cid, message, "8", "You wrote: Too much ado, & <b>more</b>.")

    await cid.write("And slow.")
    inbox = await cid.until(cid.inbox, lambda seen: "That goes to" in shown(seen[-1]))
    assert "thread_ts" not in inbox[-1]
    await reads(cid, message["ts"], "ado, & <b>more</b>.\nAnd slow.")
    assert len(await thread(cid)) == 2


async def test_presses_that_are_forged_or_not_theirs_or_many(
    home: Installation, nps: dict[str, Person]
) -> None:
    dee, eve = nps["dee"], nps["eve"]
    message = await question(dee)
    (stolen,) = [
        element
        for block in message["blocks"]
        for element in block.get("elements", [])
        if element.get("text") == {"type": "plain_text", "text": "3", "emoji": False}
    ]
    press = {name: stolen[name] for name in ("type", "action_id", "value", "text")}
    before = await eve.private()
    assert (await eve.act((await question(eve))["ts"], {**press, "block_id": "b"})).ok
    private = await eve.until(eve.private, lambda seen: len(seen) > len(before))
    assert shown(private[-1]) == "That button isn't yours to press."
    assert labels(await question(dee)) == labels(await question(eve)) == BUTTONS
    if not home.over_socket:
        await _is_not_taken_from_others(home, dee, message)

    await asyncio.gather(*(pressed(dee, message, "7") for _ in range(5)))
    await reads(dee, message["ts"], "**You said 7.**")
    old_screen = await turned(dee, message, "3", "You said 3.")
    assert "Changed from 7 to 3." in shown(old_screen)


async def _is_not_taken_from_others(home: Installation, dee: Person, message: Json) -> None:
    """Slack's signature makes it Slack's; whatever else is right in it."""
    # The last press: what was written before may have been sent after it.
    sent = (call.payload for call in reversed(home.server.outgoing.calls))
    real = next(payload for payload in sent if payload.get("type") == "block_actions")
    body = written(Kind.PRESS, {**real, "user": {**real["user"], "id": dee.id}})
    url = home.server.state.app.actions_url
    async with httpx.AsyncClient() as http:
        for headers in (
            {},
            {**home.server.outgoing.signed(body), "X-Slack-Signature": "v0=" + "0" * 64},
            {**home.server.outgoing.signed(body + "&"), "Content-Type": "text/plain"},
        ):
            assert (await http.post(url, content=body, headers=headers)).status_code == 401
    assert (await question(dee))["blocks"] == message["blocks"]


async def test_ways_out_own_data_and_being_forgotten(nps: dict[str, Person]) -> None:
    fay = nps["fay"]
    message = await question(fay)
    message = await turned(fay, message, "Later", "I'll ask again tomorrow at 09:00.")
    message = await turned(fay, message, "Answer now", "[Stop asking]")
    message = await turned(fay, message, "Stop asking", "[Keep asking]")
    assert labels(message) == ["No more surveys from me", "Not this one", "Keep asking"]
    await turned(fay, message, "No more surveys from me", "Done: no more surveys from me.")

    data = await typed(fay, "/nps mydata")
    assert "fay@acme.test" in shown(data)
    assert "The file is in our direct messages." in shown(data)
    assert shown((await fay.inbox())[-1]).endswith("<voxpop-own-data.json>")

    asked = await typed(fay, "/nps forget")
    gone = await told(fay, asked, "Erase everything about me")
    assert "I have forgotten you." in shown(gone)
    assert "I don't know you yet" in shown(await typed(fay, "/nps help"))


async def test_only_who_has_not_answered_is_reminded(
    home: Installation, ada: Person, nps: dict[str, Person]
) -> None:
    eve, gus = nps["eve"], nps["gus"]
    for person in nps.values():
        if person is not gus and "10" in labels(message := await question(person)):
            await turned(person, message, "10", "You said 10.")
    assert "Nobody is due a reminder" in shown(await typed(ada, "/nps remind nps"))

    await home.a_week_passes()
    assert "1 reminder goes out" in shown(await typed(ada, "/nps remind nps"))
    first, second = await gus.until(gus.inbox, lambda seen: len(seen) == 2, seconds=10)
    assert "A quick one you may have missed" in shown(second)
    await turned(gus, second, "9", "**You said 9.**")
    await reads(gus, first["ts"], "**You said 9.**")
    assert len(await eve.inbox()) == 1


async def test_who_prefers_it_gets_a_menu(home: Installation, ada: Person) -> None:
    ola, pat = home.person("ola"), home.person("pat")
    assert "one menu in place of the buttons" in shown(await typed(ola, "/nps compact"))
    preview = await typed(ada, "/nps start menus")
    assert "has started: 2 people are asked" in shown(await told(ada, preview, "Start"))

    message = await question(ola)
    assert menus(message) == ["1 … 5"]
    assert labels(message) == ["Later", "Why me?", "Stop asking"]
    assert (await ola.choose(message, "4")).ok
    await reads(ola, message["ts"], "**You said 4.**")
    assert labels(await question(pat))[:5] == ["1", "2", "3", "4", "5"]
    too_few = shown(await typed(ada, "/nps report menus by team"))
    assert too_few == "In this round no attribute has groups that can be shown."


async def test_what_is_open_is_in_the_menu_of_shortcuts(home: Installation) -> None:
    pat = home.person("pat")
    assert (await pat.shortcut("nps_pending")).ok
    inbox = await pat.until(pat.inbox, lambda seen: len(seen) == 2)
    assert shown(inbox[-1]).startswith(
        "**1 question is open for you.**\nHow satisfied are you with"
    )


async def test_the_home_tab_has_the_question_and_what_one_chose(home: Installation) -> None:
    pat, fay = home.person("pat"), home.person("fay")
    await pat.open_home()
    tab = await home_tab(pat, "How satisfied are you with our lunch?")
    assert labels(tab)[:8] == ["1", "2", "3", "4", "5", "Later", "Why me?", "Stop asking"]
    assert "You stopped no survey." in shown(tab)
    assert "For administrators" not in shown(tab)

    await pat.press_view("Why me?")
    await home_tab(pat, "You are in the audience of menus because of team: Support.")
    await pat.press_view("5")
    await home_tab(pat, "**You said 5.**")
    message = await question(pat)
    await reads(pat, message["ts"], "**You said 5.**")
    await pat.press_view("Add a reason")
    await pat.until(pat.modals, bool)
    assert (await pat.submit({"comment": "The soup."})).ok
    await home_tab(pat, "You wrote: The soup.")
    await reads(pat, message["ts"], "You wrote: The soup.")

    for label, then in (
        ("Snooze for 14 days", "Not to be asked before"),
        ("End the snooze", "[Snooze for 14 days]"),
        ("One menu for all scores", "[A button for each score]"),
        ("Stop all surveys", "You stopped all surveys."),
        ("Ask me again", "You stopped no survey."),
    ):
        await pat.press_view(label)
        await home_tab(pat, then)
    await fay.open_home()
    assert "I don't know you yet" in shown(await home_tab(fay))


async def test_a_report_for_administrators_is_shared_exported_and_refused(
    home: Installation, ada: Person, tools: dict[str, Person]
) -> None:
    lea, mia = tools["lea"], tools["mia"]
    refused = shown(await typed(lea, "/nps report tools"))
    assert refused == "Reports are for survey administrators: ada@acme.test."
    mistyped = shown(await typed(ada, "/nps reprot"))
    assert mistyped == "I don't know `reprot`. Did you mean `/nps report`?"
    assert "answered" in shown(await typed(ada, "/nps report tools"))
    for name, score in zip(SALES[:5], ("10", "9", "10", "8", "3"), strict=True):
        message = await question(tools[name])
        await turned(tools[name], message, score, f"You said {score}.")

    report = await typed(ada, "/nps report tools by team")
    assert shown(report).startswith("**NPS +40**")
    assert "5 of 6 people answered (83 %)" in shown(report)
    assert "Groups are shown once the round has closed" in shown(report)
    assert "The chart is in our direct messages." in shown(report)
    assert labels(report) == ["Comments", "Compare", "Export", "Share here"]
    chart = await _newest(ada)
    assert "NPS +40" in chart
    assert ".png>" in chart

    before = len(await ada.inbox())
    assert (await ada.command("/nps report tools", channel=None)).ok
    inbox = await ada.until(ada.inbox, lambda seen: len(seen) > before)
    whole = next(one for one in inbox[before:] if one["blocks"])
    assert shown(whole).startswith("**NPS +40**\n")
    assert labels(whole) == labels(report)
    await ada.until(lambda: _newest(ada), lambda text: ".png>" in text)

    await _share(home, ada, report)
    assert "The file is in our direct messages." in shown(await typed(ada, "/nps export tools"))
    assert ".csv>" in await _newest(ada)
    assert len(await mia.inbox()) == 1


async def _newest(of: Person) -> str:
    """The last that was said to them, and the file that came after it."""
    return "\n".join(shown(one) for one in (await of.inbox())[-2:])


async def _share(home: Installation, ada: Person, report: Json) -> None:
    """Only where the bot is a member; elsewhere it says how it becomes one."""
    state, place = home.server.state, home.server.home
    general = state.channel_named(place, "general")
    refused = shown(await told(ada, report, "Share here"))
    assert "I'm not a member of this channel" in refused
    assert "`/invite @voxpop`" in refused

    general.members.add(place.bot_user_id)
    said = shown(await told(ada, report, "Share here"))
    assert said == "Posted here for everyone to see."
    posted = [one for one in state.messages[general.id].values() if one.bot_id]
    assert "NPS +40" in shown(posted[0].wire())
    assert sum(len(one.files) for one in posted) == 1
    assert not any(labels(one.wire()) for one in posted)

    secret = state.add_channel(place, "board", private=True, members={ada.id})
    alone = shown(await typed(ada, "/nps report tools share", channel=secret.id))
    assert "`/invite @voxpop`" in alone


async def test_an_administrator_sees_the_round_in_the_home_tab_and_looks_after_it(
    ada: Person, tools: dict[str, Person]
) -> None:
    assert len(tools) == 6
    await ada.open_home()
    tab = await home_tab(ada, "# For administrators")
    assert "**NPS +40**" in shown(tab)
    assert "5 of 6 people answered (83 %)" in shown(tab)
    assert "Sent 6 of 6 · 5 answered" in shown(tab)
    assert "10        2   40 %  ████████████████████" in shown(tab)

    await ada.press_view("Pause")
    await home_tab(ada, "**Shall I pause tools/")
    await ada.press_view("Pause it")
    await home_tab(ada, "[Resume]")
    await ada.press_view("Resume")
    await home_tab(ada, "[Go on]")
    await ada.press_view("Go on")
    await home_tab(ada, "[Remind] [Pause] [Close] [Report]")


async def test_a_round_is_closed_and_every_message_says_so(
    home: Installation, ada: Person, tools: dict[str, Person]
) -> None:
    ned, jon = tools["ned"], tools["jon"]
    old = await question(ned)
    home.server.faults.goes_wrong("busy", "chat.update", users=["ned@acme.test"], seconds=5)

    assert "is closed: no more answers count." in shown(await typed(ada, "/nps close tools"))

    closed = "This round is closed."
    message = await question(jon)
    assert labels(await reads(jon, message["ts"], closed)) == []
    assert "This round closed on" in shown(await told(ned, old, "3"))
    home.server.faults.all_is_well()
    await reads(ned, old["ts"], closed)
