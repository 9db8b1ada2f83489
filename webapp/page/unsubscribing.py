"""The page behind a link that ends mails: it asks on GET and stops on POST."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from survey.consent import How
from survey.errors import LinkNotValid, StorageUnavailable
from survey.language import Language
from survey.page import Page
from survey.ports import Link, Purpose
from survey.survey import Survey
from survey.usecases.answer_by_link import TOO_SOON
from survey.wording import paged, unsubscribing
from webapp.page.campaigns import KeptCampaigns
from webapp.page.parts import PageParts, Refusing, body_of, form_of, trapped
from webapp.page.rendering import Look, Rendered

_ONE_CLICK = re.compile(
    rb"(?:^|&)List-Unsubscribe=One-Click(?:&|\s*$)"
    rb'|name="?List-Unsubscribe"?\s+One-Click\s',
    re.IGNORECASE,
)
"""What a mail program sends (RFC 8058, 3.2), as a form of either kind."""
_WHICH = {unsubscribing.ALL: True, unsubscribing.THIS: False}
"""Whether a word of the form means every survey."""


@dataclass(frozen=True, kw_only=True)
class _Turn:
    link: Link
    survey: Survey
    language: Language
    now: datetime


class UnsubscribePage:
    """ASGI: which mails are to end, and that they have.

    That the link's time is over is no reason to go on writing to somebody: it works still.

    Args:
        parts: What the pages need.
        look: How they look.
        campaigns: The rounds.
        refusing: What those get who have no good link.
    """

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
        method = scope["method"]
        try:
            link = self._parts.links.read(scope["path_params"]["token"], Purpose.UNSUBSCRIBE)
            body = await body_of(receive) if method == "POST" else b""
            answer = await self._answer(link, body, now)
        except LinkNotValid:
            answer = await self._refusing(scope, now)
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001 - a person reads a page, not a document
            answer = self._refusing.unforeseen(scope, error)
        await answer(send, head=method == "HEAD")

    async def _answer(self, link: Link, body: bytes, now: datetime) -> Rendered:
        language = self._parts.languages(link.locale)
        number = link.subject.campaign_id
        try:
            campaign = self._campaigns.at_hand(number, now) or await self._campaigns.load(
                number, now
            )
        except StorageUnavailable:
            return self._away(paged.try_again(language), language)
        turn = _Turn(link=link, survey=campaign.survey, language=language, now=now)
        asking = unsubscribing.asking(turn.survey, language)
        try:
            return await self._posted(turn, body) or self._look.render(asking, language)
        except StorageUnavailable:
            return self._away(unsubscribing.not_saved(asking, language), language)

    async def _posted(self, turn: _Turn, body: bytes) -> Rendered | None:
        """What became of it; None if nothing was wanted that there is."""
        form, language = form_of(body), turn.language
        if _ONE_CLICK.search(body):
            return await self._stop(turn, everything=True, how=How.ONE_CLICK)
        if form.get("again") in _WHICH:
            lifted = await self._parts.unsubscribe.again(
                turn.link, everything=_WHICH[form["again"]], at=turn.now
            )
            return self._look.render(unsubscribing.back(lifted, language), language)
        if form.get("stop") not in _WHICH:
            return None
        if trapped(form) or turn.now < turn.link.issued_at + TOO_SOON:
            asking = unsubscribing.asking(turn.survey, language)
            page = unsubscribing.once_more(asking, language)
            if page.words is not None:
                page = replace(page, words=replace(page.words, value=form.get("words", "")))
            return self._look.render(page, language, HTTPStatus.ACCEPTED)
        return await self._stop(
            turn,
            everything=_WHICH[form["stop"]],
            how=How.PAGE,
            reason=form.get("words", ""),
        )

    async def _stop(self, turn: _Turn, *, everything: bool, how: How, reason: str = "") -> Rendered:
        await self._parts.unsubscribe(
            turn.link, everything=everything, how=how, reason=reason, at=turn.now
        )
        page = unsubscribing.done(turn.survey, turn.language, everything=everything)
        return self._look.render(page, turn.language)

    def _away(self, page: Page, language: Language) -> Rendered:
        return self._look.render(
            page, language, HTTPStatus.SERVICE_UNAVAILABLE, headers={"retry-after": "5"}
        )
