"""The page behind a link that ends mails: it asks on GET and stops on POST."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus

from starlette.types import Receive, Scope

from survey.consent import How
from survey.errors import StorageUnavailable
from survey.language import Language
from survey.page import Page
from survey.ports import Link, Purpose
from survey.survey import Survey
from survey.usecases.answer_by_link import TOO_SOON
from survey.wording import page_ends, unsubscribing
from webapp.page.link_page import LinkPage
from webapp.page.parts import body_of, form_of, trapped
from webapp.page.rendering import Rendered

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


class UnsubscribePage(LinkPage):
    """ASGI: which mails are to end, and that they have.

    That the link's time is over is no reason to go on writing to somebody: it works still.
    """

    purpose = Purpose.UNSUBSCRIBE

    async def _answer(self, link: Link, scope: Scope, receive: Receive, now: datetime) -> Rendered:
        body = await body_of(receive) if scope["method"] == "POST" else b""
        language = self._parts.languages(link.locale)
        try:
            campaign = await self._campaigns.of(link.subject.campaign_id, now)
        except StorageUnavailable:
            return self._away(page_ends.try_again(language), language)
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
