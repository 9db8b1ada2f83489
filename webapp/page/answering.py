"""The page behind a link that asks: it shows on GET and records on POST."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus

from starlette.types import Receive, Scope

from survey.campaign import Campaign
from survey.errors import (
    AlreadyAnswered,
    CommentTooLong,
    InvalidScore,
    InvalidValue,
    InvitationClosed,
    LinkNotValid,
    StorageUnavailable,
)
from survey.invitation import Invitation
from survey.language import Language
from survey.page import Page
from survey.ports import Link, Purpose
from survey.states import InvitationState
from survey.survey import Answers
from survey.usecases.answer_by_link import WAITS, Became
from survey.wording import page_ends, paged, refusals
from webapp.page.campaigns import KeptCampaigns
from webapp.page.link_page import LinkPage
from webapp.page.parts import PageParts, Refusing, body_of, form_of, same_words, trapped
from webapp.page.ready import ReadyPages
from webapp.page.rendering import NO_CONTENT, Look, Rendered

RETRY_AFTER = {"retry-after": "5"}
_SCORE = re.compile(r"[0-9]{1,2}")
_CHOSEN = re.compile(rb"(?:^|&)score=([0-9]{1,2})(?:&|$)")


@dataclass(frozen=True, kw_only=True)
class _Turn:
    """One request of somebody with a good link.

    Attributes:
        link: Theirs.
        campaign: The round; where something brought the question, as it stands for this link: it
            closes when the invitation does, or the link ends.
        language: Of the link.
        now: Now.
        invitation: Where something brought the question and we could look it up.
    """

    link: Link
    campaign: Campaign
    language: Language
    now: datetime
    invitation: Invitation | None = None


class AnswerPage(LinkPage):
    """ASGI: the question, and what becomes of it.

    Nothing is looked up for showing a question but its round, once in five seconds for everybody:
    the signature of the link has told the rest, and the page is ready as bytes. What something
    brought that happened to one person has a page of its own, and is looked up.
    """

    purpose = Purpose.ANSWER

    def __init__(
        self, parts: PageParts, look: Look, campaigns: KeptCampaigns, refusing: Refusing
    ) -> None:
        super().__init__(parts, look, campaigns, refusing)
        self._ready = ReadyPages(parts.zone)

    async def _answer(self, link: Link, scope: Scope, receive: Receive, now: datetime) -> Rendered:
        if scope["method"] == "POST":
            return await self._posted(link, await body_of(receive), now)
        return await self._shown(link, scope["query_string"], now)

    async def _shown(self, link: Link, query: bytes, now: datetime) -> Rendered:
        number = link.subject.campaign_id
        if now < link.expires_at:
            key = (number, link.locale, query)
            ready = self._ready.find(key, self._campaigns.at_hand(number, now), now)
            if ready is not None:
                return ready
        turn = await self._turn(link, now)
        if isinstance(turn, Rendered):
            return turn
        if turn.campaign.survey.answers is Answers.ONCE:
            with suppress(StorageUnavailable):  # a press will tell
                found = turn.invitation or await self._parts.answer.show(link, at=now)
                if found.response.score is not None:
                    return self._already(turn)
        return self._question(turn, query)

    async def _turn(self, link: Link, now: datetime) -> _Turn | Rendered:
        """What a good link leads to; or the page that says why it leads nowhere any more."""
        language = self._parts.languages(link.locale)
        if now >= link.expires_at:
            return self._look.render(page_ends.expired(language), language, HTTPStatus.GONE)
        number = link.subject.campaign_id
        try:
            campaign = await self._campaigns.of(number, now)
        except StorageUnavailable:
            return self._look.render(
                page_ends.try_again(language),
                language,
                HTTPStatus.SERVICE_UNAVAILABLE,
                headers=RETRY_AFTER,
            )
        turn = _Turn(link=link, campaign=campaign, language=language, now=now)
        if campaign.rolls:
            try:
                turn = await self._of_its_own(turn)
            except LinkNotValid:
                page = page_ends.lost(campaign.survey, language)
                return self._say(page, turn, HTTPStatus.NOT_FOUND)
        if not turn.campaign.takes_answers(now):
            return self._closed(turn, pressed=False)
        return turn

    async def _of_its_own(self, turn: _Turn) -> _Turn:
        """With what brought the question, and when that closes; until the link ends at most.

        Raises:
            LinkNotValid: If what it was about is known no more.
        """
        found, campaign, until = None, turn.campaign, turn.link.expires_at
        with suppress(StorageUnavailable):  # a press will tell
            found = await self._parts.answer.show(turn.link, at=turn.now)
            if found.state is InvitationState.WITHDRAWN:  # whoever it was about is forgotten
                raise LinkNotValid
            campaign, until = found.campaign, min(until, found.campaign.closes_at)
        return replace(turn, invitation=found, campaign=replace(campaign, closes_at=until))

    def _question(self, turn: _Turn, query: bytes) -> Rendered:
        """The question, rendered once for everybody of this round and language."""
        survey, now = turn.campaign.survey, turn.now
        chosen = _chosen(query, turn.campaign)
        sends_until = turn.campaign.closes_at - WAITS - timedelta(minutes=1)
        by_itself = survey.one_press and chosen is not None and now < sends_until
        page = self._say(self._asking(turn, chosen=chosen, by_itself=by_itself), turn)
        plain = b"" if chosen is None else b"score=%d" % chosen
        if query == plain and survey.answers is not Answers.ONCE and not turn.campaign.rolls:
            until = sends_until if by_itself else turn.campaign.closes_at
            key = (turn.campaign.id, turn.link.locale, query)
            self._ready.keep(key, turn.campaign, page, now=now, until=until)
        return page

    def _asking(
        self,
        turn: _Turn,
        *,
        chosen: int | None = None,
        by_itself: bool = False,
        from_mail: bool = True,
    ) -> Page:
        return paged.question(
            turn.campaign,
            turn.language,
            tz=self._parts.zone,
            now=turn.now,
            chosen=chosen,
            by_itself=by_itself,
            from_mail=from_mail,
            invitation=turn.invitation,
        )

    def _say(self, page: Page, turn: _Turn, status: int = HTTPStatus.OK) -> Rendered:
        headers = RETRY_AFTER if status == HTTPStatus.SERVICE_UNAVAILABLE else None
        return self._look.render(page, turn.language, status, headers=headers)

    def _already(self, turn: _Turn) -> Rendered:
        page = page_ends.already(turn.campaign.survey, turn.language)
        return self._say(page, turn, HTTPStatus.CONFLICT)

    def _closed(self, turn: _Turn, *, pressed: bool) -> Rendered:
        return self._say(
            page_ends.closed(turn.campaign, turn.language, tz=self._parts.zone, pressed=pressed),
            turn,
            HTTPStatus.GONE,
        )

    async def _posted(self, link: Link, body: bytes, now: datetime) -> Rendered:
        turn = await self._turn(link, now)
        if isinstance(turn, Rendered):
            return turn
        form = form_of(body)
        try:
            match form.get("do"):
                case "confirm" if not trapped(form):
                    await self._parts.answer.confirm(turn.link, _score(form), at=now)
                    return NO_CONTENT
                case "comment":
                    return await self._written(turn, form)
                case "undo":
                    return await self._undone(turn, form)
                case _:
                    return await self._pressed(turn, form)
        except AlreadyAnswered:
            return self._already(turn)
        except InvitationClosed:
            return await self._ended(turn, form.get("words", ""))
        except InvalidScore as error:
            asking = self._asking(turn, from_mail=False)
            page = paged.refused(asking, error, turn.language)
            return self._say(page, turn, HTTPStatus.UNPROCESSABLE_ENTITY)
        except StorageUnavailable as error:
            chosen = int(form["score"]) if _SCORE.fullmatch(form.get("score", "")) else None
            asking = self._asking(turn, chosen=chosen, from_mail=False)
            page = paged.refused(asking, error, turn.language)
            return self._say(page, turn, HTTPStatus.SERVICE_UNAVAILABLE)

    async def _pressed(self, turn: _Turn, form: Mapping[str, str]) -> Rendered:
        score = _score(form)
        outcome = await self._parts.answer(
            turn.link,
            score,
            at=turn.now,
            trapped=trapped(form),
            by_itself="auto" in form,
        )
        match outcome.became:
            case Became.COUNTED:
                return self._thanks(turn, outcome.invitation, form)
            case Became.PROVISIONAL:
                page = paged.provisional(
                    turn.campaign,
                    score,
                    turn.language,
                    tz=self._parts.zone,
                    now=turn.now,
                    invitation=turn.invitation,
                )
                return self._say(page, turn, HTTPStatus.ACCEPTED)
            case _:
                asking = self._asking(turn, chosen=score, from_mail=False)
                doubted = outcome.became is Became.DOUBTED
                said = paged.once_more if doubted else paged.not_by_itself
                return self._say(said(asking, turn.language), turn, HTTPStatus.ACCEPTED)

    def _thanks(self, turn: _Turn, invitation: Invitation, form: Mapping[str, str]) -> Rendered:
        """What follows a press; rendered once for all who gave the same and wrote nothing yet.

        What was said before is told only as far as the page that sent this has told it: whoever
        has the link alone can answer with it, and must not learn by that what stood.
        """
        number, before = turn.campaign.id, invitation.response
        wrote = same_words(form.get("wrote", ""), before.comment)
        said = replace(before, previous=_stands(form, turn.campaign), comment=wrote)
        about = None if turn.invitation is None else turn.invitation.about
        invitation = replace(invitation, response=said, campaign=turn.campaign, about=about)
        key = (number, turn.link.locale, b"%r from %r" % (said.score, said.previous))
        ready = self._ready.find(key, turn.campaign, turn.now)
        if ready is not None and said.comment is None:
            return ready
        page = self._say(
            paged.answered(invitation, turn.language, tz=self._parts.zone, now=turn.now), turn
        )
        if said.comment is None and not turn.campaign.rolls:
            until = turn.campaign.closes_at
            self._ready.keep(key, turn.campaign, page, now=turn.now, until=until)
        return page

    async def _written(self, turn: _Turn, form: Mapping[str, str]) -> Rendered:
        said, language = form.get("words", ""), turn.language
        stands = _stands(form, turn.campaign)
        if trapped(form):
            page = self._words_back(turn, stands, said, why="")
            return self._say(paged.words_once_more(page, language), turn, HTTPStatus.ACCEPTED)
        try:
            if "score" in form:  # what the page sent by itself stands now: somebody has written
                stands = _score(form)
                await self._parts.answer(turn.link, stands, at=turn.now)
            invitation = await self._parts.answer.comment(turn.link, said, at=turn.now)
        except CommentTooLong as error:
            limit = turn.campaign.survey.comment_limit  # the first to refuse knows no survey
            error = CommentTooLong(length=error.length, limit=limit)
            why, status = refusals.of_a_form(error, language), HTTPStatus.UNPROCESSABLE_ENTITY
        except InvalidScore:
            raise
        except InvalidValue:
            why, status = paged.nothing_written(language), HTTPStatus.UNPROCESSABLE_ENTITY
        except StorageUnavailable as error:
            why, status = refusals.of_a_form(error, language), HTTPStatus.SERVICE_UNAVAILABLE
        else:
            if invitation.response.score is None:
                asking = self._asking(turn, from_mail=False)
                return self._say(paged.words_before_score(asking, language), turn)
            said_so = replace(invitation.response, score=stands)
            known = replace(invitation, response=said_so, campaign=turn.campaign)
            page = paged.answered(known, language, tz=self._parts.zone, now=turn.now, changed=False)
            return self._say(page, turn)
        return self._say(self._words_back(turn, stands, said, why=why), turn, status)

    def _words_back(self, turn: _Turn, stands: int | None, said: str, *, why: str) -> Page:
        return paged.words_refused(
            turn.campaign, stands, said, turn.language, why=why, invitation=turn.invitation
        )

    async def _undone(self, turn: _Turn, form: Mapping[str, str]) -> Rendered:
        await self._parts.answer.undo(turn.link, at=turn.now, provisional="provisional" in form)
        asking = self._asking(turn, from_mail=False)
        moment = turn.language.moment(turn.campaign.closes_at, self._parts.zone, now=turn.now)
        return self._say(paged.undone(asking, turn.campaign, turn.language, until=moment), turn)

    async def _ended(self, turn: _Turn, words: str) -> Rendered:
        """Too late: the round was closed a moment ago, or this invitation has ended."""
        with suppress(StorageUnavailable):
            number = turn.campaign.id
            turn = replace(turn, campaign=await self._campaigns.load(number, turn.now))
        if turn.campaign.takes_answers(turn.now):
            page = page_ends.no_longer(turn.language)
        else:
            page = page_ends.closed(turn.campaign, turn.language, tz=self._parts.zone, pressed=True)
        return self._say(replace(page, quote=words.strip()), turn, HTTPStatus.GONE)


def _score(form: Mapping[str, str]) -> int:
    text = form.get("score", "")
    if not _SCORE.fullmatch(text):
        raise InvalidScore("A score is one or two digits.")
    return int(text)


def _stands(form: Mapping[str, str], campaign: Campaign) -> int | None:
    """The mark of which the page that sent this knew that it stood."""
    text = form.get("stands", "")
    value = int(text) if _SCORE.fullmatch(text) else None
    return value if value in campaign.survey.scale.values else None


def _chosen(query: bytes, campaign: Campaign) -> int | None:
    """The mark that the address tells us, if it is on the scale."""
    found = _CHOSEN.search(query) if query else None
    if found is None:
        return None
    value = int(found[1])
    return value if value in campaign.survey.scale.values else None
