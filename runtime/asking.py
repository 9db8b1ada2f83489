"""Asking about what happens, put together."""

from collections.abc import Sequence

from bot.sandbox.chat import PLATFORM as SANDBOX
from bot.sandbox.chat import WORKSPACE as SANDBOX_WORKSPACE
from runtime.settings import Settings
from survey.localtime import zone
from survey.person import EMAIL
from survey.ports import Clock, Occasions
from survey.usecases.ask_about import AskAbout


def known_by_email(settings: Settings) -> Sequence[tuple[str, str]]:
    """Platforms on which everybody has an address who has an e-mail."""
    sandbox = [(SANDBOX, SANDBOX_WORKSPACE)] if settings.sandbox else []
    return [*sandbox, (EMAIL, "")] if settings.email is not None else sandbox


def asking(
    settings: Settings, occasions: Occasions, *, platforms: Sequence[str], clock: Clock
) -> AskAbout:
    """Who asks.

    Args:
        settings: Of the organisation.
        occasions: Where what happened is kept.
        platforms: Those that are on, the preferred first.
        clock: What time it is.
    """
    return AskAbout(
        occasions=occasions,
        clock=clock,
        platforms=platforms,
        zone=zone(settings.timezone),
        policy=settings.contact,
    )
