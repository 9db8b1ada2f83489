"""`voxpop slack`: what Slack needs to know of us."""

import sys
from datetime import timedelta
from typing import Annotated, NoReturn

import typer

from runtime import clock
from runtime.cli.common import fail, settings_here, write_json
from runtime.settings import Settings
from runtime.settings.slack import SlackSettings

app = typer.Typer(help="Slack: the app, and who may install it.", no_args_is_help=True)

HTTPS = "https://"
LONGEST_HOURS = 24 * 30


@app.command()
def manifest(
    *,
    socket_mode: Annotated[
        bool | None,
        typer.Option(
            "--socket-mode/--http",
            help="Voxpop opens the connections, or Slack calls VOXPOP_BASE_URL.",
        ),
    ] = None,
    distributed: Annotated[
        bool,
        typer.Option("--distributed", help="Other workspaces can install it, by a link of yours."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Only the manifest.")] = False,
) -> None:
    """Print the app for Slack to create, or to compare with what it has."""
    settings = settings_here()
    slack = settings.slack
    installs = distributed or (slack is not None and slack.installs)
    over_socket = _over_socket(settings) if socket_mode is None else socket_mode
    if (installs or not over_socket) and not settings.base_url.startswith(HTTPS):
        _no_address(settings, over_socket=over_socket)
    # Slack's side takes longer to load than most commands to run.
    from bot.slack.manifest import manifest as made  # noqa: PLC0415

    write_json(
        made(
            base_url=settings.base_url,
            socket_mode=over_socket,
            installs=installs,
            rotates=installs and (slack is None or slack.bot_token is None),
        )
    )
    if not as_json:
        _say_next(installs=installs, over_socket=over_socket)


def _over_socket(settings: Settings) -> bool:
    """What is set decides; before anything is, an address that Slack can call does."""
    slack = settings.slack
    if slack is not None and (slack.app_token or slack.signing_secret):
        return slack.app_token is not None
    return not settings.base_url.startswith(HTTPS)


def _no_address(settings: Settings, *, over_socket: bool) -> NoReturn:
    for_what = "installing by a link needs" if over_socket else "Slack calls"
    also = "" if over_socket else ", or take --socket-mode, which needs none"
    fail(
        f"VOXPOP_BASE_URL is {settings.base_url}, and {for_what} an https:// address: set it to "
        f"where Voxpop is reached from outside{also}."
    )


def _say_next(*, installs: bool, over_socket: bool) -> None:
    """On the error stream, so that the manifest alone can go into a file."""
    reached = (
        "an app-level token with connections:write (Basic Information), as VOXPOP_SLACK__APP_TOKEN"
        if over_socket
        else "its signing secret (Basic Information), as VOXPOP_SLACK__SIGNING_SECRET"
    )
    token = (
        "its client id and secret, as VOXPOP_SLACK__CLIENT_ID and VOXPOP_SLACK__CLIENT_SECRET"
        if installs
        else "install it, and take its bot token (OAuth & Permissions), as VOXPOP_SLACK__BOT_TOKEN"
    )
    sys.stderr.write(
        "\nPaste it at https://api.slack.com/apps > Create New App > From a manifest > JSON.\n"
        f"Then take {reached}; {token}.\n"
    )


@app.command()
def link(
    *,
    hours: Annotated[
        int, typer.Option(min=1, max=LONGEST_HOURS, help="For how long it can be used.")
    ] = 24,
) -> None:
    """Print the link by which somebody installs Voxpop in a workspace of theirs."""
    settings = settings_here()
    slack = settings.slack
    if slack is None or not slack.installs:
        fail(
            "VOXPOP_SLACK__CLIENT_ID and VOXPOP_SLACK__CLIENT_SECRET are not set: the app's, from "
            "its page Basic Information."
        )
    sys.stdout.write(f"{_link(settings, slack, hours=hours)}\n")


def _link(settings: Settings, slack: SlackSettings, *, hours: int) -> str:
    # The same.
    from bot.slack.passes import Passes  # noqa: PLC0415
    from bot.slack.passes import link as written  # noqa: PLC0415

    passes, holds = Passes(settings.secret_keys), timedelta(hours=hours)
    return written(slack.base_url, passes, at=clock.now(), holds=holds)
