"""Where the pages are."""

from collections.abc import Sequence
from typing import Any

from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

from webapp.page.answering import AnswerPage
from webapp.page.campaigns import KeptCampaigns
from webapp.page.parts import PageParts, Refusing
from webapp.page.rendering import Look
from webapp.page.unsubscribing import UnsubscribePage

_METHODS = ("GET", "HEAD", "POST")


def page_routes(parts: PageParts) -> Sequence[BaseRoute]:
    """The routes of the pages.

    They are Starlette's own, with ASGI behind them: a page that everybody opens at once costs a
    fraction of what a handler of FastAPI's costs.
    """
    look = Look(parts.brand)
    campaigns, refusing = KeptCampaigns(parts.rounds), Refusing(parts, look)
    answer = AnswerPage(parts, look, campaigns, refusing)
    stop = UnsubscribePage(parts, look, campaigns, refusing)
    return [
        _PageRoute("/s/{token}", answer),
        _PageRoute("/survey/{token}", answer),
        _PageRoute("/u/{token}", stop),
    ]


class _PageRoute(Route):
    """A route that is measured under its template, as those of FastAPI are."""

    def __init__(self, path: str, page: Any) -> None:
        super().__init__(path, page, methods=_METHODS, include_in_schema=False)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As Starlette does, and says which route it was."""
        match, below = super().matches(scope)
        if match is not Match.NONE:
            below["route"] = self
        return match, below
