"""Voxpop in Mattermost, from its setup to the close of a round, with everything that people do.

The product runs in processes of its own, as an operator starts them; the server is the peer.
"""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from tests.installation import ZONE
from tests.mattermost.attachments import actions_of
from tests.mattermost.person import Person
from tests.mattermost.server import MattermostServer
from tests.mattermost_installation import (
    Installation,
    Json,
    labels,
    pressed,
    question,
    shown,
    thread,
    told,
    typed,
)

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
TOML = f"""
timezone = "{ZONE}"
admins = ["ada@acme.test"]
[surveys.nps]
subject = "Acme"
owner = "the People team"
audience = {{ team = ["Platform"] }}
[surveys.tools]
subject = "our tools"
audience = {{ team = ["Sales"] }}
[surveys.menus]
subject = "our lunch"
scale = "csat"
audience = {{ team = ["Support"] }}
"""
PLATFORM = ["ann", "ben", "cid", "dee", "eve", "fay", "gus"]
SALES = ["ida", "jon", "kim", "lea", "mia", "ned"]
SUPPORT = ["ola", "pat"]
BUTTONS = [*map(str, range(11)), "Later", "Why me?", "Stop asking"]
BREAK = "\u200b"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def home(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Installation]:
    """Set up and running; some people come from the server, their teams from a file."""
    folder = tmp_path_factory.mktemp("voxpop")
    (folder / "voxpop.toml").write_text(TOML)
    async with MattermostServer() as server:
        for name in ("ada", *PLATFORM, *SALES):
            server.add_person(name, first_name=name.title(), time_zone=ZONE)
        with Installation(folder=folder, server=server) as found:
            found.said["setup"] = await found.set_up()
            found.said["sync"] = await found.voxpop("people", "sync", "mattermost")
            for name in SUPPORT:
                server.add_person(name, time_zone=ZONE)
            found.said["import"] = await found.bring_in(
                [
                    *[(name, "Platform") for name in PLATFORM],
                    *[(name, "Sales") for name in SALES],
                    *[(name, "Support") for name in SUPPORT],
                ]
            )
            await found.run("--port", str(found.port), afresh=True)
            await found.hears()
            yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ada(home: Installation) -> Person:
    """The administrator."""
    return home.server.person("ada")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nps(home: Installation, ada: Person) -> dict[str, Person]:
    """A round of `nps` that Ada has started in chat; everybody has the question."""
    assert "This goes to 7 people." in shown(await typed(ada, "/nps preview nps"))
    preview = await typed(ada, "/nps start nps")
    assert labels(preview) == ["Start", "See who", "Cancel"]
    assert "has started: 7 people are asked" in await told(ada, preview, "Start")
    assert "out of date" in await told(ada, preview, "Start")
    people = {name: home.server.person(name) for name in PLATFORM}
    for person in people.values():
        await question(person)
    return people


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tools(home: Installation) -> dict[str, Person]:
    """A round of `tools`, started from the command line."""
    started = await home.voxpop("campaign", "start", "tools", "--now")
    assert started.code == 0, started.said
    people = {name: home.server.person(name) for name in SALES}
    for person in people.values():
        await question(person)
    return people


async def test_an_operator_sets_it_up_and_the_doctor_finds_nothing(home: Installation) -> None:
    setup = home.said["setup"].out
    assert "created        bot             @voxpop" in setup
    assert "created        /nps" in setup
    assert "Left out: 1 bot." in home.said["sync"].out
    assert "15 rows: 15 new" in home.said["sync"].out
    assert "15 rows: 2 new, 13 changed" in home.said["import"].out
    assert "2 of them were found in Mattermost by their e-mail." in home.said["import"].out

    examined = await home.voxpop("doctor", "--json")

    assert examined.code == 0, examined.out
    found = {line["check"]: line["result"] for line in json.loads(examined.out)}
    assert found["mattermost callbacks"] == found["mattermost /nps"] == "ok"
    assert found["mattermost clock"] == "ok"


async def test_everybody_gets_one_message(home: Installation, nps: dict[str, Person]) -> None:
    assert {name: len(home.server.delivered(name)) for name in nps} == dict.fromkeys(nps, 1)
    post = await question(nps["gus"])
    assert post["message"] == (
        "Hi Gus, I'm Voxpop. I ask one question a quarter, and this is it.\n"
        "**How likely are you to recommend Acme to a colleague?**\n"
        "0 = not at all · 10 = extremely"
    )
    assert labels(post) == BUTTONS
    assert "Only groups of 5 or more are ever shown. · Open until" in shown(post)


async def test_a_score_is_pressed_changed_and_taken_back(nps: dict[str, Person]) -> None:
    ann = nps["ann"]
    why = await told(ann, await question(ann), "Why me?")
    assert "You are in the audience of nps because of team: Platform." in why
    assert "It is run by ada@acme.test." in why

    await pressed(ann, await question(ann), "6")
    assert shown(await question(ann)) == (
        "**You said 6.**\n"
        "Thank you for being straight with us.\n"
        "What should we fix first?\n"
        "[Add a reason] [Change] [Undo]\n"
        "Or just answer in this thread."
    )
    await pressed(ann, await question(ann), "Change")
    assert labels(await question(ann)) == [*BUTTONS[:11], "Keep 6"]
    await pressed(ann, await question(ann), "9")
    assert "**You said 9.**\nChanged from 6 to 9." in shown(await question(ann))
    await pressed(ann, await question(ann), "Undo")
    assert "Taken back. You can answer until" in shown(await question(ann))
    assert labels(await question(ann)) == BUTTONS
    assert len(await ann.inbox()) == 1


async def test_a_reason_by_the_form(nps: dict[str, Person]) -> None:
    ben = nps["ben"]
    await pressed(ben, await question(ben), "6")
    await pressed(ben, await question(ben), "Add a reason")
    (form,) = await ben.dialogs()
    assert form["dialog"]["introduction_text"] == "You said 6.\n\n**What should we fix first?**"

    too_long = await ben.submit({"comment": "x" * 2_001})
    assert "2,001 characters, and I can keep 2,000" in too_long.body["errors"]["comment"]
    assert (await ben.cancel()).ok
    assert "[Add a reason]" in shown(await question(ben))

    assert not (await ben.submit({"comment": "The *coffee*, @channel!"})).body
    post = await ben.until(lambda: question(ben), lambda post: "Edit" in labels(post))
    assert "That goes to the People team, word for word, without your name." in shown(post)
    assert f"You wrote: The \\*coffee\\*, @{BREAK}channel!" in shown(post)

    again = await ben.submit({"comment": "Sent twice."})
    assert "To change it, close this and press Edit." in again.body["errors"]["comment"]
    assert "The \\*coffee" in shown(await question(ben))
    await pressed(ben, post, "Edit")
    assert not (await ben.submit({"comment": "The tea."})).body
    await ben.until(lambda: question(ben), lambda post: "You wrote: The tea." in shown(post))


async def test_a_reason_in_the_thread_and_one_without(nps: dict[str, Person]) -> None:
    cid = nps["cid"]
    await cid.reply("Too much ado.", root=await question(cid))
    kept = "Thank you, I kept that. Press a number as well, and it counts."
    await cid.until(lambda: thread(cid), lambda said: said[-1:] == [kept])

    await pressed(cid, await question(cid), "8")
    assert "You wrote: Too much ado." in shown(await question(cid))

    await cid.reply("And slow.")
    last = await cid.until(cid.inbox, lambda posts: "That goes to" in posts[-1]["message"])
    assert last[-1]["root_id"] == ""
    assert "You wrote: Too much ado.\nAnd slow." in shown(await question(cid))
    assert len(await thread(cid)) == 2


async def test_presses_that_are_not_theirs_or_not_there_any_more(
    home: Installation, nps: dict[str, Person]
) -> None:
    dee, eve = nps["dee"], nps["eve"]
    post = await question(dee)
    assert (await eve.press_action(post["id"], "s3")).status == 403

    stored = home.server.state.posts[post["id"]]
    action = stored.props["attachments"][0]["actions"][3]
    planted = {
        "user_id": await eve.user_id(),
        "channel_id": stored.channel_id,
        "post_id": stored.id,
        "context": action["integration"]["context"],
    }
    async with httpx.AsyncClient() as http:
        answer = await http.post(action["integration"]["url"], json=planted)
    assert answer.json()["ephemeral_text"] == "That button isn't yours to press."
    assert labels(await question(dee)) == BUTTONS

    await asyncio.gather(*(dee.press(post, "7") for _ in range(5)))
    assert shown(await question(dee)).startswith("**You said 7.**")
    assert (await dee.press(post, "3")).status == 404  # an old screen; the server itself refuses
    assert shown(await question(dee)).startswith("**You said 7.**")


async def test_ways_out_own_data_and_being_forgotten(nps: dict[str, Person]) -> None:
    fay = nps["fay"]
    await pressed(fay, await question(fay), "Later")
    assert "I'll ask again tomorrow at 09:00." in shown(await question(fay))
    await pressed(fay, await question(fay), "Answer now")
    await pressed(fay, await question(fay), "Stop asking")
    assert labels(await question(fay)) == ["No more surveys from me", "Not this one", "Keep asking"]
    await pressed(fay, await question(fay), "No more surveys from me")
    done = "Done: no more surveys from me. `/nps optin` brings me back."
    assert shown(await question(fay)) == done

    data = await typed(fay, "/nps mydata")
    assert "fay@acme.test" in shown(data)
    assert "The file is in our direct messages." in shown(data)
    assert shown((await fay.inbox())[-1]).endswith("<voxpop-own-data.json>")

    asked = await typed(fay, "/nps forget")
    assert "I have forgotten you." in await told(fay, asked, "Erase everything about me")
    assert "I don't know you yet" in shown(await typed(fay, "/nps help"))


async def test_only_who_has_not_answered_is_reminded(
    home: Installation, ada: Person, nps: dict[str, Person]
) -> None:
    eve, gus = nps["eve"], nps["gus"]
    for person in nps.values():
        if person is not gus and "10" in labels(post := await question(person)):
            await pressed(person, post, "10")
    assert "Nobody is due a reminder" in shown(await typed(ada, "/nps remind nps"))

    await home.a_week_passes()
    assert "1 reminder goes out" in shown(await typed(ada, "/nps remind nps"))
    messages = await gus.until(gus.inbox, lambda posts: len(posts) == 2, seconds=10)
    assert "A quick one you may have missed" in shown(messages[1])
    await pressed(gus, messages[1], "9")
    said = "**You said 9.**"
    await gus.until(gus.inbox, lambda seen: all(post["message"].startswith(said) for post in seen))
    assert len(await eve.inbox()) == 1


async def test_who_prefers_it_gets_a_menu(home: Installation, ada: Person) -> None:
    ola, pat = home.server.person("ola"), home.server.person("pat")
    assert "one menu in place of the buttons" in shown(await typed(ola, "/nps compact"))
    preview = await typed(ada, "/nps start menus")
    assert "has started: 2 people are asked" in await told(ada, preview, "Start")

    menu = await question(ola)
    assert labels(menu) == ["1 … 5", "Later", "Why me?", "Stop asking"]
    assert (await ola.choose(menu, "score", "4")).ok
    assert shown(await question(ola)).startswith("**You said 4.**")
    assert labels(await question(pat))[:5] == ["1", "2", "3", "4", "5"]
    too_few = shown(await typed(ada, "/nps report menus by team"))
    assert too_few == "In this round no attribute has groups that can be shown."


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
        await pressed(tools[name], await question(tools[name]), score)

    report = await typed(ada, "/nps report tools by team")
    assert shown(report).startswith("**NPS +40**")
    assert "5 of 6 people answered (83 %)" in shown(report)
    assert "Groups are shown once the round has closed" in shown(report)
    assert "The chart is in our direct messages." in shown(report)
    assert labels(report) == ["Comments", "Compare", "Export", "Share here"]
    chart = shown((await ada.inbox())[-1])
    assert chart.startswith("**NPS +40**\n")
    assert ".png>" in chart

    # Drawing may take so long that the answer comes after the command's.
    before = len(await ada.inbox())
    assert (await ada.command("/nps report tools", channel=await ada.channel())).ok
    whole = (await ada.until(ada.inbox, lambda posts: len(posts) > before, seconds=20))[-1]
    assert shown(whole).startswith("**NPS +40**\n")
    assert labels(whole) == labels(report)
    assert shown(whole).endswith(".png>")

    await _share(home, ada, report)
    assert "The file is in our direct messages." in shown(await typed(ada, "/nps export tools"))
    assert ".csv>" in shown((await ada.inbox())[-1])
    assert len(await mia.inbox()) == 1


async def _share(home: Installation, ada: Person, report: Json) -> None:
    """Only where the bot is a member; elsewhere it says how it becomes one.

    The server takes it, and nobody hears so: a second try is the same message.
    """
    state = home.server.state
    home.server.faults.goes_wrong("drop", "POST /posts", calls=[1], delivers=True)
    square = state.channel_named(home.server.team.id, "town-square")
    assert await told(ada, report, "Share here") == "Posted here for everyone to see."
    (posted,) = [one for one in state.posts.values() if one.channel_id == square.id and one.message]
    assert posted.message.startswith("**NPS +40**\n")
    assert len(posted.files) == 1
    assert not actions_of(posted.props)
    home.server.faults.all_is_well()

    closed = state.add_channel(team_id=home.server.team.id, name="board", type="P")
    closed.members.add(await ada.user_id())
    alone = shown(await typed(ada, "/nps report tools share", channel=closed.id))
    assert "I'm not a member of this channel" in alone
    assert "`/invite voxpop`" in alone


async def test_a_round_is_closed_and_every_message_says_so(
    home: Installation, ada: Person, tools: dict[str, Person]
) -> None:
    ned, jon = tools["ned"], tools["jon"]
    old = await question(ned)
    home.server.faults.goes_wrong("busy", "PUT /posts/*", users=["ned"], seconds=5)

    assert "is closed: no more answers count." in shown(await typed(ada, "/nps close tools"))

    closed = "This round is closed."
    await jon.until(lambda: question(jon), lambda post: closed in post["message"], seconds=15)
    assert labels(await question(jon)) == []
    assert "This round closed on" in await told(ned, old, "3")
    home.server.faults.all_is_well()
    assert closed in shown(await question(ned))
