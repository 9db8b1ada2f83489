"""`voxpop mattermost`: what a Mattermost server needs for us."""

import asyncio
import getpass
import sys
from typing import Annotated

import typer

from runtime.cli.common import fail, settings_here, write_json
from runtime.settings.mattermost import MattermostSettings

app = typer.Typer(help="Mattermost: what its server needs for us.", no_args_is_help=True)

CHANGES = frozenset({"created", "repaired"})


@app.command()
def setup(
    *,
    bot_name: Annotated[
        str, typer.Option(metavar="NAME", help="What the bot is called; voxpop if left out.")
    ] = "",
    new_token: Annotated[
        bool, typer.Option("--new-token", help="Make the bot a new token; the old one ends.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be done.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Create or repair bot, token, team membership and /nps; exit 1 if something is missing."""
    settings = settings_here().mattermost
    if settings is None:
        fail(
            "VOXPOP_MATTERMOST__URL is not set: the server's address, such as "
            "https://chat.example.org, as people's browsers open it."
        )
    admin_token = settings.admin_token or _asked_for()
    steps, environment = asyncio.run(
        _work(
            settings,
            admin_token,
            bot_name=bot_name.strip().lstrip("@").lower() or None,
            new_token=new_token,
            dry_run=dry_run,
            chatty=not as_json,
        )
    )
    if as_json:
        write_json(
            {
                "dry_run": dry_run,
                "changed": any(step["result"] in CHANGES for step in steps),
                "steps": steps,
                "environment": environment,
            }
        )
    else:
        _say_end(steps, environment, dry_run=dry_run)
    if any(step["result"] == "missing" for step in steps):
        sys.exit(1)


def _asked_for() -> str:
    """The administrator's token, typed where nobody sees it; it is kept nowhere."""
    if not sys.stdin.isatty():
        fail(
            "This needs an administrator's access token: set VOXPOP_MATTERMOST__ADMIN_TOKEN for "
            "this one command, or run it on a terminal, where it asks for it."
        )
    token = getpass.getpass("An administrator's access token (not shown, not kept): ").strip()
    if not token:
        fail("Without an administrator's token nothing can be looked at.")
    return token


async def _work(
    settings: MattermostSettings,
    admin_token: str,
    *,
    bot_name: str | None,
    new_token: bool,
    dry_run: bool,
    chatty: bool,
) -> tuple[list[dict[str, str]], dict[str, str]]:
    # The driver takes longer to load than most commands to run.
    from bot.mattermost.client import Client  # noqa: PLC0415
    from bot.mattermost.setup import Setup  # noqa: PLC0415

    admin = Client(settings.url, admin_token)
    own = Client(settings.url, settings.token) if settings.token else None
    work = Setup(
        admin=admin,
        own=own,
        callback_url=settings.callback_url,
        team=settings.team,
        bot_name=bot_name,
        command_token=settings.command_token,
        new_token=new_token,
        dry_run=dry_run,
    )
    steps = []
    try:
        async for step in work():
            steps.append(
                {
                    "step": step.name,
                    "result": step.outcome.value,
                    "says": step.says,
                    "mend": step.mend,
                }
            )
            if chatty:
                _say_step(steps[-1])
    finally:
        await admin.close()
        if own is not None:
            await own.close()
    return steps, work.environment


def _say_step(step: dict[str, str]) -> None:
    told = "; ".join(part for part in (step["says"], step["mend"]) if part)
    sys.stdout.write(f"{step['result']:<13}  {step['step']:<14}  {told}\n")
    sys.stdout.flush()


def _say_end(steps: list[dict[str, str]], environment: dict[str, str], *, dry_run: bool) -> None:
    lines = [""]
    if environment:
        lines += ["Set in Voxpop's environment, and start it again:", ""]
        lines += [f"{name}={value}" for name, value in environment.items()]
        lines.append("")
    results = [step["result"] for step in steps]
    changed, lacking = sum(result in CHANGES for result in results), results.count("missing")
    if dry_run:
        lines.append("This was a dry run: nothing was changed.")
    elif not changed:
        lines.append("Nothing was changed.")
    if lacking:
        lines.append(f"{lacking} of {len(steps)} are missing; each line says how to mend it.")
    elif not (dry_run or changed):
        lines.append("Everything is as it should be.")
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()
