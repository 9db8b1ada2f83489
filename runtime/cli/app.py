"""The commands, put together; every refusal is a sentence and an exit code."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from runtime.cli import (
    campaigns,
    email,
    features,
    follow_ups,
    keys,
    mattermost,
    oversight,
    people,
    reports,
    rights,
    serving,
    slack,
    suspected,
    tickets,
    upkeep,
)
from runtime.cli.common import fail
from survey.errors import VoxpopError

app = typer.Typer(
    name="voxpop",
    help="A chat-first survey bot: one message, one press, figures you can trust.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("demo")(serving.demo)
app.command("run")(serving.run)
app.command("doctor")(upkeep.doctor)
app.command("report")(reports.report)
app.command("comments")(reports.comments)
app.command("export")(reports.export)
app.command("remind")(campaigns.remind)
app.command("audit")(oversight.audit)
app.add_typer(oversight.app, name="admin")
app.add_typer(upkeep.database, name="db")
app.add_typer(upkeep.surveys, name="survey")
people.app.command("consents")(rights.consents)
people.app.command("forget")(rights.forget)
people.app.command("readmit")(rights.readmit)
app.add_typer(people.app, name="people")
campaigns.app.command("suspected")(suspected.suspected)
app.add_typer(campaigns.app, name="campaign")
app.add_typer(follow_ups.app, name="followup")
app.add_typer(keys.app, name="key")
app.add_typer(mattermost.app, name="mattermost")
app.add_typer(slack.app, name="slack")
app.add_typer(email.app, name="email")
app.add_typer(tickets.app, name="ticket")
app.add_typer(features.app, name="feature")


@app.callback(invoke_without_command=True)
def voxpop(
    *, told: Annotated[bool, typer.Option("--version", help="Tell the version and leave.")] = False
) -> None:
    """A chat-first survey bot: one message, one press, figures you can trust."""
    if told:
        sys.stdout.write(f"voxpop {version('voxpop')}\n")
        raise typer.Exit


def main() -> None:
    """Run a command. Exit codes: 0 done, 1 failed, 2 wrong use."""
    try:
        app(standalone_mode=True)
    except VoxpopError as error:
        fail(str(error))
    except BrokenPipeError:
        sys.exit(1)
