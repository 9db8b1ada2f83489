"""A company in Slack with three teams, a survey for each, and Voxpop running beside it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from tests.command_line import Ended
from tests.installation import ZONE, Balancer, free_port
from tests.slack.server import SlackServer
from tests.slack_installation import Installation

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


@asynccontextmanager
async def company(
    folder: Path, *, environ: Mapping[str, str], over_socket: bool
) -> AsyncIterator[Installation]:
    """Set up and running: over a socket as an operator does it, and in one process.

    By HTTP it is prepared without commands, and runs in three processes.
    """
    (folder / "voxpop.toml").write_text(TOML)
    async with SlackServer() as server, AsyncExitStack() as stack:
        found = Installation(
            folder=folder, server=server, environ=dict(environ), over_socket=over_socket
        )
        stack.enter_context(found)
        for name in ("ada", *PLATFORM, *SALES):
            server.add_person(f"{name}@acme.test", tz=ZONE)
        if over_socket:
            await found.set_up()
            found.said["sync"] = await found.voxpop("people", "sync", "slack")
            found.said["import"] = await _import(found)
            await found.run("--port", str(found.port), afresh=True)
            await found.hears()
        else:
            await _prepare(found)
            await _run_several(found, stack)
        yield found


async def _import(home: Installation) -> Ended:
    for name in SUPPORT:
        home.server.add_person(f"{name}@acme.test", tz=ZONE)
    return await home.bring_in(
        [
            *[(name, "Platform") for name in PLATFORM],
            *[(name, "Sales") for name in SALES],
            *[(name, "Support") for name in SUPPORT],
        ]
    )


async def _prepare(home: Installation) -> None:
    """The same without commands."""
    teams = {
        "ada": "",
        **dict.fromkeys(PLATFORM, "Platform"),
        **dict.fromkeys(SALES, "Sales"),
        **dict.fromkeys(SUPPORT, "Support"),
    }
    for name in SUPPORT:
        home.server.add_person(f"{name}@acme.test", tz=ZONE)
    await home.prepare(teams, teams=teams)


async def _run_several(home: Installation, stack: AsyncExitStack) -> None:
    ports = [free_port(), free_port()]
    await stack.enter_async_context(Balancer(home.port, ports))
    await asyncio.gather(
        *(home.run("--only", "web,bot", "--port", str(port)) for port in ports),
        home.run("--only", "worker,scheduler", says='"event": "working"'),
    )
