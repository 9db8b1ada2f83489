"""The members of the Slack workspaces that we are in, for the roster."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from bot.slack import WORKSPACE_AT_HOME
from bot.slack.client import SlackApi
from bot.slack.directory import Directory
from bot.slack.says import SlackSays
from bot.slack.workspaces import Workspaces
from runtime import clock
from runtime.settings import Settings
from runtime.settings.slack import SlackSettings
from storage.engine import open_database
from storage.installations import SqlInstallations
from storage.schema import require_current
from survey.errors import InvalidValue
from survey.messenger import PlatformRefuses
from survey.ports import Account, Installations

HIDDEN = (
    "Slack tells nobody's e-mail, and they are what people are told apart by: add the scope "
    "users:read.email on the app's page OAuth & Permissions, and install the app again."
)


async def members(
    settings: Settings, slack: SlackSettings, *, told: Callable[[int], None]
) -> list[Account]:
    """Everybody in every workspace, each person once.

    Who is in the workspace of the settings comes with the account there; everybody else without
    one, and is found by their e-mail afterwards.

    Args:
        settings: Of everything.
        slack: With a token, or with workspaces that installed the app.
        told: Is called with how many have come.

    Raises:
        InvalidValue: If Slack can't be asked.
        StorageUnavailable, SchemaMismatch: If the database can't be.
    """
    if not slack.installs:
        return await _fetched(slack, None, told=told)
    database = open_database(settings.database_url)
    try:
        await require_current(database)
        kept = SqlInstallations(database, settings.secret_keys)
        return await _fetched(slack, kept, told=told)
    finally:
        await database.close()


async def _fetched(
    slack: SlackSettings, installations: Installations | None, *, told: Callable[[int], None]
) -> list[Account]:
    api = SlackApi(slack.api_url)
    workspaces = Workspaces(api, slack.bot_token, installations, clock.now)
    found: list[Account] = []
    try:
        for workspace in await workspaces.all():
            async for page in Directory(workspaces, workspace).members():
                at_home = workspace == WORKSPACE_AT_HOME
                found.extend(page if at_home else [replace(one, user_id="") for one in page])
                told(len(found))
    except (SlackSays, PlatformRefuses) as error:
        raise InvalidValue(
            f"The members can't be read: {error}. `voxpop doctor` looks further."
        ) from error
    finally:
        await api.close()
    return once(found)


def once(accounts: Iterable[Account]) -> list[Account]:
    """One account a person: the first that can be asked, as they are found by their e-mail."""
    known: set[str] = set()
    kept = []
    for account in accounts:
        asked = account.active and not account.is_bot and not account.is_guest
        if asked and account.email:
            if account.email in known:
                continue
            known.add(account.email)
        kept.append(account)
    return kept
