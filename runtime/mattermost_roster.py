"""The members of a Mattermost team, for the roster."""

from collections.abc import Callable

from bot.mattermost.client import Client, ServerSays
from bot.mattermost.directory import Directory
from runtime.settings.mattermost import MattermostSettings
from survey.errors import InvalidValue
from survey.ports import Account

HIDDEN = (
    "The server hides e-mails from its bots, and they are what people are told apart by: an "
    "administrator shows them at System Console > Site Configuration > Users and Teams > Show "
    "Email Address."
)


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
