"""The accounts of a chat as a roster."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from runtime.roster_rules import rules
from survey.errors import InvalidValue
from survey.ports import Account
from survey.roster import Column, Row, name_columns

COLUMNS = ("email", "name", "timezone", "locale")
"""What comes from every chat; behind them comes the account's id."""


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


def roster_of(
    accounts: Iterable[Account], *, platform: str, hidden: str
) -> tuple[tuple[Column, ...], list[Row], Skipped]:
    """People as the columns and rows of a roster, and how many accounts are none.

    A zone or language that we don't know is left out: nobody can mend it here.

    Args:
        accounts: All of them, in any order.
        platform: The column in which their ids come.
        hidden: What is said where the chat tells nobody's e-mail.

    Raises:
        InvalidValue: If it tells nobody's e-mail.
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
        raise InvalidValue(hidden)
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
    return name_columns((*COLUMNS, platform)), rows, skipped


def _locale(told: str | None, read: Callable[[str], str]) -> str:
    try:
        return read(told) if told else ""
    except ValueError:
        return ""
