"""What the pages behind links have in common: a link is read, and what comes of it is a page."""

from abc import ABC, abstractmethod
from datetime import datetime

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from survey.errors import LinkNotValid
from survey.ports import Link, Purpose
from webapp.page.campaigns import KeptCampaigns
from webapp.page.parts import PageParts, Refusing
from webapp.page.rendering import Look, Rendered


class LinkPage(ABC):
    """ASGI: one kind of link.

    Args:
        parts: What the pages need.
        look: How they look.
        campaigns: The rounds.
        refusing: What those get who have no good link.
    """

    purpose: Purpose

    def __init__(
        self, parts: PageParts, look: Look, campaigns: KeptCampaigns, refusing: Refusing
    ) -> None:
        self._parts = parts
        self._look = look
        self._campaigns = campaigns
        self._refusing = refusing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        now = self._parts.clock()
        try:
            link = self._parts.links.read(scope["path_params"]["token"], self.purpose)
            answer = await self._answer(link, scope, receive, now)
        except LinkNotValid:
            answer = await self._refusing(scope, now)
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001 - a person reads a page, not a document
            answer = self._refusing.unforeseen(scope, error)
        await answer(send, head=scope["method"] == "HEAD")

    @abstractmethod
    async def _answer(
        self, link: Link, scope: Scope, receive: Receive, now: datetime
    ) -> Rendered: ...
