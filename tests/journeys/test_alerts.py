"""A low mark in Mattermost: from the press to the channel, until it is done."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.helpdesks import WHSEC, standard, ticket
from tests.installation import ZONE, until
from tests.mail.server import SmtpServer
from tests.mattermost.attachments import actions_of
from tests.mattermost.records import Channel, Post
from tests.mattermost.server import MattermostServer
from tests.mattermost_installation import Installation, pressed, question, shown, told, typed

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
TOML = f"""
timezone = "{ZONE}"
admins = ["ada@acme.test"]
[surveys.help]
subject = "our help"
scale = "csat"
mode = "identified"
alert_at = 2
"""
TICKETS = f"""
timezone = "{ZONE}"
admins = ["ada@acme.test"]
[surveys.ticket]
subject = "our help"
after = "tickets"
"""
PEOPLE = ("ada", "ben", "cid", "dee")
EVERYBODY_IN_THE_CHANNEL = ("ada", "ben", "cid", "eve")
"""Dee, who gives the low mark, is not; Eve is, and on no roster."""


@asynccontextmanager
async def installed(
    folder: Path, database_url: str, toml: str, **environ: str
) -> AsyncIterator[Installation]:
    """Running, with an open channel that the bot was invited to."""
    (folder / "voxpop.toml").write_text(toml)
    async with MattermostServer() as server:
        for name in (*PEOPLE, "eve"):
            server.add_person(name, first_name=name.title(), time_zone=ZONE)
        environ |= {
            "VOXPOP_DATABASE_URL": database_url,
            "VOXPOP_SECRET_KEY": "a-key-for-tests-that-is-long-enough-to-pass",
            "VOXPOP_ALERT_CHANNEL": "mattermost:acme/support",
        }
        with Installation(folder=folder, server=server, environ=environ) as found:
            await found.prepare(PEOPLE)
            support = server.state.add_channel(
                team_id=server.team.id, name="support", display_name="Support", type="O"
            )
            for name in (*EVERYBODY_IN_THE_CHANNEL, "voxpop"):
                support.members.add(server.state.user_named(name).id)
            await found.run("--port", str(found.port))
            await found.hears()
            yield found


@pytest.fixture
async def home(database_url: str, tmp_path: Path) -> AsyncIterator[Installation]:
    async with installed(tmp_path, database_url, TOML) as found:
        yield found


def support(home: Installation) -> Channel:
    return home.server.state.channel_named(home.server.team.id, "support")


def posts(home: Installation) -> list[Post]:
    return home.server.posts.in_channel(support(home).id)


async def says(home: Installation, is_there: Callable[[str], bool]) -> None:
    """Wait until the alert says it."""
    await until(lambda: len(posts(home)) == 1 and is_there(posts(home)[0].message))


def buttons(home: Installation) -> list[str]:
    return [action["name"] for action in actions_of(posts(home)[0].props)]


async def test_a_low_mark_is_looked_after_in_its_channel(home: Installation) -> None:
    ada, ben, cid, dee, eve = (home.server.person(name) for name in (*PEOPLE, "eve"))
    preview = await typed(ada, "/nps start help")
    await told(ada, preview, "Start")
    await pressed(dee, await question(dee), "1")

    await says(home, lambda text: "Dee Ode gave 1 of 5" in text)
    assert buttons(home) == ["I'll take it", "Note"]
    alert = posts(home)[0].id

    # Who is not in the channel can't press there, and who is not known gets a sentence.
    assert not (await dee.press_action(alert, "take")).ok
    stranger = await told(eve, {"id": alert, "props": {}}, "I'll take it")
    assert stranger.startswith("I don't know you yet")

    assert (await ben.press(alert, "I'll take it")).ok
    await says(home, lambda text: "Ben Ode has taken it." in text)
    assert buttons(home) == ["Done", "Note", "Give back"]

    # A comment that comes later is told.
    await dee.reply("Three days!", root=await question(dee))
    await says(home, lambda text: "They wrote: Three days!" in text)

    assert (await cid.press(alert, "Note")).ok
    assert not (await cid.submit({"comment": "Called *her*, @channel!"})).body
    await says(home, lambda text: "Note: Called" in text)
    assert buttons(home) == ["Done", "Note", "Give back"]

    waiting = shown(await typed(ada, "/nps followups"))
    assert "1 low mark waits" in waiting
    assert "Ben Ode has taken it" in waiting

    # The buttons that others find after a form was sent are good for all of them, too.
    assert (await ben.press(alert, "Done")).ok
    await says(home, lambda text: "Done by Ben Ode" in text)
    assert "No low mark waits" in shown(await typed(ada, "/nps followups"))

    # Nothing but the alert ever stood there, and whoever gave the mark has their own card alone.
    assert len(posts(home)) == 1
    assert "You said 1." in (await question(dee))["message"]


async def test_the_doctor_looks_whether_the_bot_is_in_the_channel(home: Installation) -> None:
    found = await home.voxpop("doctor")
    assert "mattermost alerts" in found.out
    assert "acme/support" in found.out
    support(home).members.discard(home.server.state.user_named("voxpop").id)
    missing = await home.voxpop("doctor")
    assert "invite the bot there with /invite" in missing.out
    assert missing.code == 1


async def test_the_command_line_lists_what_waits_and_tells_the_figures(
    home: Installation,
) -> None:
    ada, ben, _, dee = (home.server.person(name) for name in PEOPLE)
    preview = await typed(ada, "/nps start help")
    await told(ada, preview, "Start")
    await pressed(dee, await question(dee), "1")
    await pressed(ben, await question(ben), "5")
    await says(home, lambda text: "Dee Ode gave 1 of 5" in text)
    listed = await home.voxpop("followup", "list", "--json")
    assert '"email": "dee@acme.test"' in listed.out
    told_figures = await home.voxpop("report", "help", "--days", "30", "--format", "json")
    assert '"csat_percentage": 60.0' in told_figures.out
    as_text = await home.voxpop("report", "help", "--days", "30")
    assert "Mean 3.00 of 5" in as_text.out
    as_rows = await home.voxpop("report", "help", "--days", "30", "--format", "csv")
    assert as_rows.out.splitlines()[0].startswith("group,responses,avg_rating")


async def test_a_request_from_the_helpdesk_to_done_in_the_channel(
    database_url: str, tmp_path: Path
) -> None:
    """A webhook, two hours, a mail, one click, the alert, and somebody who looks after it."""
    async with SmtpServer() as mail:
        environ = {
            "VOXPOP_TICKETS__SECRETS": WHSEC,
            "VOXPOP_EMAIL__SMTP_URL": mail.url,
            "VOXPOP_EMAIL__FROM": "Acme <support@acme.test>",
        }
        async with (
            installed(tmp_path, database_url, TICKETS, **environ) as home,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{home.port}", timeout=30) as http,
        ):
            ada, ben = home.server.person("ada"), home.server.person("ben")
            now = datetime.now(UTC)
            told = ticket(at=now, category="Repairs", resolved_by="Sophie")
            call = standard(told, at=now)
            heard = await http.post(call.path, content=call.body, headers=dict(call.headers))
            assert (heard.status_code, heard.json()["status"]) == (202, "accepted")

            async def asked() -> bool:
                await home.minutes_pass()
                return bool(mail.arrived)

            await happens(asked)
            (arrived,) = mail.arrived
            assert arrived.to == "grace@example.com"
            body = arrived.message.get_body(("plain",))
            assert body is not None
            link = re.search(r"/s/[\w.~-]+", str(body.get_content()))
            assert link is not None
            await asyncio.sleep(10.5)  # nobody reads a mail and answers within ten seconds
            assert "The door does not close" in (await http.get(link[0])).text
            thanks = await http.post(link[0], data={"score": "1"})
            assert "We&#39;ll work to do better." in thanks.text

            await says(home, lambda text: "Grace Hopper gave 1 of 5" in text)
            alert = posts(home)[0]
            assert all(word in alert.message for word in ("The door", "Sophie", "Repairs"))
            assert (await ben.press(alert.id, "I'll take it")).ok
            await says(home, lambda text: "Ben Ode has taken it." in text)
            assert (await ben.press(alert.id, "Done")).ok
            await says(home, lambda text: "Done by Ben Ode" in text)
            assert "No low mark waits" in shown(await typed(ada, "/nps followups"))

            report = await home.voxpop("report", "ticket", "--by", "category", "--format", "json")
            figures = json.loads(report.out)
            assert [one["value"] for one in figures["groups"]] == ["Repairs"]
            assert (figures["csat_percentage"], figures["delivery_rate_pct"]) == (20.0, 100.0)
            assert "Mean 1.00 of 5" in shown(await typed(ada, "/nps report ticket by resolved_by"))


async def happens(condition: Callable[[], Awaitable[bool]]) -> None:
    """As `until`, where looking takes its time."""
    late = asyncio.get_running_loop().time() + 20
    while not await condition():
        assert asyncio.get_running_loop().time() < late
        await asyncio.sleep(0.2)
