"""`voxpop doctor` on Slack: what our tokens may do, and whether Slack and we reach each other."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urljoin

import aiohttp
from slack_sdk.signature import SignatureVerifier

from bot.slack import PLATFORM
from bot.slack.client import SlackApi
from bot.slack.manifest import EVENTS_PATH
from bot.slack.messenger import place_of
from bot.slack.says import OF_THE_TOKEN, SlackSays
from bot.slack.scopes import NAMES
from runtime import clock as machine
from runtime.doctor.findings import Finding
from runtime.settings import Settings
from runtime.settings.slack import SlackSettings
from storage.engine import open_database
from storage.installations import SqlInstallations
from storage.schema import schema_state
from survey.errors import StorageUnavailable
from survey.person import Address
from survey.ports import Clock, Installation

MAX_DRIFT = timedelta(seconds=30)
"""How far our clock may be from Slack's: what it signed is refused after five minutes."""
LOOKED_AT = 20
"""Workspaces that installed us and are asked for; the first of them."""
_SECONDS = 10
_APP = "https://api.slack.com/apps"
_TOKEN = f"take the bot token from OAuth & Permissions at {_APP}"
_RUN = "start `voxpop run`; VOXPOP_BASE_URL is where Slack reaches it, and a proxy passes /slack on"
_CHALLENGE = "voxpop-doctor"
_SERVER = "server"


async def examine_slack(
    settings: Settings, slack: SlackSettings, *, clock: Clock = machine.now
) -> list[Finding]:
    """A line for each thing that must be right."""
    if not slack.on:
        mend = f"set {' and '.join(slack.lacks)}; `voxpop slack manifest` makes the app"
        return [_missing("", "not all of it is set, so the platform is off", mend)]
    found = [one async for one in _examined(slack, clock)]
    found += [_alerts(one) for one in settings.alert_channels if one.platform == PLATFORM]
    if slack.installs:
        found += [one async for one in _installed(settings, slack, clock)]
    return found


def _alerts(channel: Address) -> Finding:
    """Where low marks are told. The app may read no channels, so nobody can look from here."""
    where = place_of(channel)
    return Finding(
        name="slack alerts",
        fine=True,
        says=f"{where}, which the app can't look into",
        mend=f"make sure that it is in there: /invite the app in {where}",
    )


async def _examined(slack: SlackSettings, clock: Clock) -> AsyncIterator[Finding]:
    """Line by line; where Slack can't be reached nothing more is tried."""
    api = SlackApi(slack.api_url, timeout=_SECONDS)
    try:
        reached = await _reached(slack.api_url, clock)
        yield reached
        if reached.name.endswith(_SERVER) and not reached.fine:
            return
        if slack.bot_token is not None:
            for found in await token_findings(api, slack.bot_token):
                yield found
        if slack.app_token is not None:
            yield await _socket(api, slack.app_token)
        else:
            yield await _calls(slack, clock())
    finally:
        await api.close()


async def _socket(api: SlackApi, token: str) -> Finding:
    try:
        await api.call("apps.connections.open", token=token)
    except SlackSays as error:
        return _missing(
            "socket",
            f"VOXPOP_SLACK__APP_TOKEN opens no connection ({error})",
            f"at {_APP}: an app-level token with connections:write (Basic Information), and "
            "Socket Mode switched on",
        )
    return _fine("socket", "Socket Mode: Slack needs no address of ours")


async def _calls(slack: SlackSettings, at: datetime) -> Finding:
    where = f"{slack.base_url}{EVENTS_PATH}"
    if not where.startswith("https:"):
        mend = "set VOXPOP_BASE_URL, or VOXPOP_SLACK__APP_TOKEN for Socket Mode"
        return _missing("events", f"Slack calls https:// addresses alone, not {where}", mend)
    return await ask_ourselves(where, slack.signing_secret or "", at=at)


async def ask_ourselves(where: str, secret: str, *, at: datetime) -> Finding:
    """Whether Voxpop answers there as Slack wants it to, and has the same secret.

    It is asked as Slack asks when an address is entered, with our own secret below it.
    """
    body = f'{{"type":"url_verification","challenge":"{_CHALLENGE}"}}'
    moment = str(int(at.timestamp()))
    signature = SignatureVerifier(secret).generate_signature(timestamp=moment, body=body) or ""
    headers = {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": moment,
        "X-Slack-Signature": signature,
    }
    try:
        async with (
            _session() as session,
            session.post(where, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            status, said = (
                answer.status,
                (await answer.content.read(1_000)).decode(errors="replace"),
            )
    except (TimeoutError, aiohttp.ClientError, OSError):
        return _missing("events", f"nobody answers at {where}, not even to us", _RUN)
    if status == HTTPStatus.OK and _CHALLENGE in said:
        return _fine("events", where)
    if status == HTTPStatus.UNAUTHORIZED:
        return _missing(
            "events",
            f"{where} does not take our own signature",
            "is that this Voxpop, with the same VOXPOP_SLACK__SIGNING_SECRET, and are the clocks "
            "right?",
        )
    return _missing("events", f"{where} answers with {status}, as Voxpop does not", _RUN)


async def token_findings(
    api: SlackApi, token: str, *, name: str = "bot", mend: str = _TOKEN
) -> list[Finding]:
    """Whether a bot's token is good, and what it may do."""
    if token.startswith("xoxe.") and name == "bot":
        return [
            _missing(
                name,
                "VOXPOP_SLACK__BOT_TOKEN ends within hours, and can't be renewed here",
                "take an app without token rotation, which can't be switched off again, or let the "
                "workspace install this one: `voxpop slack link`",
            )
        ]
    try:
        me = await api.call("auth.test", token=token)
        granted = await api.scopes(token)
    except SlackSays as error:
        if error.error in OF_THE_TOKEN:
            return [_missing(name, f"the token is not valid ({error.error})", mend)]
        return [_missing(name, f"can't be asked: {error}", "try again")]
    if not me.get("bot_id"):
        return [_missing(name, "the token is a person's, not a bot's", mend)]
    who = f"@{me.get('user')} in {me.get('team')}"
    # A proxy may have taken out what tells them; a call that lacks one says so itself.
    lacking = [scope for scope in NAMES if scope not in granted] if granted else []
    if not lacking:
        return [_fine(name, who), _fine(f"{name} scopes")]
    return [
        _fine(name, who),
        _missing(
            f"{name} scopes",
            f"it may not: {', '.join(lacking)}",
            "put what `voxpop slack manifest` prints into the app's manifest, and install it again",
        ),
    ]


async def _reached(api_url: str, clock: Clock) -> Finding:
    """Whether Slack is there, and what time it is with them: to the second, as HTTP tells it."""
    before = clock()
    try:
        async with _session() as session, session.post(urljoin(api_url, "api.test")) as answer:
            told = parsedate_to_datetime(answer.headers["Date"])
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        return _missing(
            _SERVER,
            f"{api_url} can't be reached ({type(error).__name__})",
            "does this machine reach it, if need be by HTTPS_PROXY?",
        )
    except (KeyError, ValueError):
        return _fine(_SERVER, api_url)
    drift = max(before - told - timedelta(seconds=1), told - clock(), timedelta(0))
    says = f"{drift.total_seconds():.0f} s from Slack's"
    if drift > MAX_DRIFT:
        return _missing("clock", says, "synchronise the clocks")
    return _fine("clock", says)


async def _installed(
    settings: Settings, slack: SlackSettings, clock: Clock
) -> AsyncIterator[Finding]:
    """The workspaces that installed us; where the database is away its own line tells it."""
    database = open_database(settings.database_url)
    api = SlackApi(slack.api_url, timeout=_SECONDS)
    try:
        state, _ = await schema_state(database)
        if not state.serves:
            return
        kept = SqlInstallations(database, settings.secret_keys)
        for workspace in await kept.unreadable():
            yield _missing(
                workspace,
                "its token was sealed under a key that VOXPOP_SECRET_KEY does not name any more",
                "name the old key again, behind the new one, or install it again",
            )
        installed = await kept.all()
        if not installed:
            mend = "" if slack.bot_token else "`voxpop slack link` prints where to begin"
            yield Finding(name="slack workspaces", fine=True, says="none installed it", mend=mend)
        for one in installed[:LOOKED_AT]:
            for found in await _workspace(api, one, clock()):
                yield found
    except StorageUnavailable:
        return
    finally:
        await api.close()
        await database.close()


async def _workspace(api: SlackApi, one: Installation, at: datetime) -> list[Finding]:
    name, again = f"{one.workspace} ({one.name})", "install it again: `voxpop slack link`"
    if one.expires_at is not None and one.expires_at <= at:
        says = f"its token ended at {one.expires_at:%Y-%m-%d %H:%M} UTC and was not renewed"
        return [_missing(name, says, again)]
    return await token_findings(api, one.token, name=name, mend=again)


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=_SECONDS), trust_env=True, raise_for_status=False
    )


def _fine(name: str, says: str = "") -> Finding:
    return Finding(name=f"slack {name}", fine=True, says=says)


def _missing(name: str, says: str, mend: str) -> Finding:
    return Finding(name=f"slack {name}".strip(), fine=False, says=says, mend=mend)
