"""Where features and their use are kept, and what `Not now` below a question does to them."""

from collections.abc import Awaitable, Callable, Sequence

from runtime.settings import Settings
from storage.engine import Database
from storage.features.features import SqlFeatures
from storage.invitations import Ballots
from storage.tombstones import Tombstones
from survey.invitation import Invitation
from survey.ports import Clock


def features_in(
    database: Database, settings: Settings, *, by_email: Sequence[tuple[str, str]] = ()
) -> SqlFeatures:
    """The port `Features`.

    Args:
        database: Where.
        settings: Whose keys recognise who was forgotten.
        by_email: Platforms, with their workspace, on which an e-mail is an address.
    """
    return SqlFeatures(
        database,
        Ballots(timezone=settings.timezone),
        Tombstones(settings.secret_keys),
        by_email=by_email,
    )


def declining(
    database: Database, settings: Settings, clock: Clock
) -> Callable[[Invitation], Awaitable[None]]:
    """What the desk does with `Not now`."""
    features = features_in(database, settings)

    async def decline(invitation: Invitation) -> None:
        await features.decline(invitation, at=clock())

    return decline
