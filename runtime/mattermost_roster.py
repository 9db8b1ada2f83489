"""The members of a Mattermost team as a roster."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.mattermost.client import Client, ServerSays
from bot.mattermost.directory import Directory
from runtime.mattermost_settings import MattermostSettings
from runtime.roster_rules import rules
from survey.errors import InvalidValue
from survey.ports import Account
from survey.roster import Column, Row, name_columns

SOURCE = "mattermost"
COLUMNS = ("email", "name", "timezone", "locale", "mattermost")
HIDDEN = (
    "The server hides e-mails from its bots, and they are what people are told apart by: an "
    "administrator shows them at System Console > Site Configuration > Users and Teams > Show "
    "Email Address."
)


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """Accounts that nobody is asked by."""

    bots: int = 0
    deactivated: int = 0
    guests: int = 0

    def __str__(self) -> str:
        told = [
            _counted(self.bots, "bot"),
            _counted(self.deactivated, "deactivated account"),
            _counted(self.guests, "guest"),
        ]
        return ", ".join(part for part in told if part)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}" if number else ""


async def team_members(server: MattermostSettings, *, told: Callable[[int], None]) -> list[Account]:
    """Everybody in the team.

    Args:
        server: With a token and a team.
        told: Is called with how many have come.

    Raises:
        InvalidValue: If the server can't be asked.
    """
    client = Client(server.url, server.token)
    found: list[Account] = []
    try:
        async for page in Directory(client, server.team).members():
            found.extend(page)
            told(len(found))
    except ServerSays as error:
        raise InvalidValue(
            f"The members of {server.team} can't be read: {error}. `voxpop doctor` looks further."
        ) from error
    finally:
        await client.close()
    return found


def roster_of(accounts: Iterable[Account]) -> tuple[tuple[Column, ...], list[Row], Skipped]:
    """People as the columns and rows of a roster, and how many accounts are none.

    A zone or language that we don't know is left out: nobody can mend it here.

    Raises:
        InvalidValue: If the server tells nobody's e-mail.
    """
    known = rules()
    bots = deactivated = guests = 0
    people = []
    for account in accounts:
        if account.is_bot:
            bots += 1
        elif not account.active:
            deactivated += 1
        elif account.is_guest:
            guests += 1
        else:
            people.append(account)
    if people and not any(account.email for account in people):
        raise InvalidValue(HIDDEN)
    rows = [
        Row(
            place=f"@{account.username}",
            cells=[
                account.email,
                account.name,
                account.timezone if account.timezone in known.zones else "",
                _locale(account.locale, known.locale),
                account.user_id,
            ],
        )
        for account in people
    ]
    skipped = Skipped(bots=bots, deactivated=deactivated, guests=guests)
    return name_columns(COLUMNS), rows, skipped


def _locale(told: str | None, read: Callable[[str], str]) -> str:
    try:
        return read(told) if told else ""
    except ValueError:
        return ""
