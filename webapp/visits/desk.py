"""The form at the front desk, behind a key that is given once."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from urllib.parse import quote, unquote

import structlog
from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from survey.audit import Entry, plain
from survey.brand import Brand
from survey.errors import IdempotencyInProgress, StorageUnavailable
from survey.language import Language, Languages
from survey.ports import Kept, KeptAnswers, Key, Role, Visits
from survey.usecases.register_customer import RegisterCustomer
from survey.usecases.trigger_survey import TriggerSurvey
from survey.visits import Branch
from survey.wording import front_desk
from webapp.api.keys import Access, by
from webapp.page.parts import form_of, language_of
from webapp.visits.api import asks
from webapp.visits.form import Form, Incomplete, merged
from webapp.visits.look import DeskLook
from webapp.visits.session import COOKIE, GOOD_FOR, PATH, Sessions

_PLACE = "voxpop_desk_place"
"""The cookie with the branch and the person that were chosen last."""
_LONGEST_COOKIE = 2_000
_LONGEST_NUMBER = 10
_CALLER = "the front desk"
"""Under which forms that were sent are kept."""

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class DeskParts:
    """What the front desk is made of.

    Attributes:
        access: Knows keys, and makes those wait who guess them.
        sessions: Who has signed in.
        kept: Which forms were sent before.
        branches: By id, as the settings name them.
        purposes: What people come for; empty for the usual.
    """

    access: Access
    sessions: Sessions
    visits: Visits
    register: RegisterCustomer
    trigger: TriggerSurvey
    kept: KeptAnswers
    languages: Languages
    brand: Brand
    branches: Mapping[str, Branch]
    purposes: Sequence[str] = ()


def desk_router(parts: DeskParts) -> APIRouter:
    """The pages; none of them is described to programs."""
    desk = _Desk(parts)
    router = APIRouter(prefix=PATH, include_in_schema=False)
    router.add_api_route("", desk.shown, methods=["GET"])
    router.add_api_route("", desk.sent, methods=["POST"])
    router.add_api_route("/sign-in", desk.sign_in, methods=["POST"])
    router.add_api_route("/sign-out", desk.sign_out, methods=["POST"])
    return router


class _Desk:
    def __init__(self, parts: DeskParts) -> None:
        self._parts = parts
        self._look = DeskLook(parts.brand)

    async def shown(self, request: Request) -> Response:
        """The form, or what asks for a key."""
        language = self._language(request)
        try:
            if await self._parts.sessions.key(request.cookies) is None:
                return self._signing_in(language)
            form = replace(await self._form(language), values=_place(request.cookies))
        except StorageUnavailable:
            return self._away(language)
        return self._page(form, language, news=_news(request, language))

    async def sign_in(self, request: Request) -> Response:
        """A key opens it for twelve hours."""
        language, access = self._language(request), self._parts.access
        if not self._parts.sessions.ours(request.headers):
            return self._not_ours(language)
        given = form_of(await request.body()).get("key", "").strip()
        try:
            key = await access.keys.find(given)
            if key is None or not key.role.may(Role.INGEST):
                await access.refused(request)
                return self._signing_in(
                    language, HTTPStatus.FORBIDDEN, alert=front_desk.wrong_key(language)
                )
            signed = Entry(
                at=access.clock(), actor=by(key), action="desk.signed_in", about=plain("front desk")
            )
            await access.audit.append(signed)
        except HTTPException as error:
            return self._signing_in(
                language,
                error.status_code,
                alert=front_desk.too_often(language),
                headers=error.headers,
            )
        except StorageUnavailable:
            return self._away(language)
        answer = _to_the_form()
        self._put(answer, COOKIE, self._parts.sessions.begin(key))
        return answer

    async def sign_out(self, request: Request) -> Response:
        """The cookie goes."""
        if not self._parts.sessions.ours(request.headers):
            return self._not_ours(self._language(request))
        answer = _to_the_form()
        answer.delete_cookie(COOKIE, path=PATH)
        return answer

    async def sent(self, request: Request) -> Response:
        """A visit is written down, and asked about where the customer said yes."""
        language = self._language(request)
        if not self._parts.sessions.ours(request.headers):
            return self._not_ours(language)
        sent = form_of(await request.body())
        form = Form(branches=(), purposes=(), values=sent)
        try:
            key = await self._parts.sessions.key(request.cookies)
            if key is None:
                return self._signing_in(language, HTTPStatus.UNAUTHORIZED)
            form = (await self._form(language)).filled(sent)
            where = await self._once(form, key, language)
        except Incomplete as error:
            alert = front_desk.look_again(language)
            return self._page(error.form, language, HTTPStatus.UNPROCESSABLE_ENTITY, alert=alert)
        except IdempotencyInProgress:
            alert = front_desk.under_way(language)
            return self._page(form, language, HTTPStatus.CONFLICT, alert=alert)
        except StorageUnavailable:
            return self._away(language, form)
        answer = RedirectResponse(where, HTTPStatus.SEE_OTHER)
        self._put(answer, _PLACE, quote(json.dumps(form.for_the_next())))
        return answer

    async def _once(self, form: Form, key: Key, language: Language) -> str:
        """Write it down, if this very form was not sent before; where the browser goes then.

        Raises:
            Incomplete: If something does not fit.
            IdempotencyInProgress: If it is being written down at this moment.
            StorageUnavailable: If the database did not take it.
        """
        parts, sending = self._parts, form.sending()
        capture = form.capture(language)
        now = parts.access.clock()
        before = await parts.kept.begin(_CALLER, sending, request=sending, at=now)
        if before is not None:
            return before.location or PATH
        try:
            saved = await parts.register(capture, by=key.name)
        except Exception:
            with suppress(StorageUnavailable):
                await parts.kept.drop(_CALLER, sending)
            raise
        asked = capture.email_consent and await asks(parts.trigger, saved.id)
        what = "asked" if asked else "not-asked" if capture.email_consent else "no-consent"
        where = f"{PATH}?saved={saved.id}&and={what}"
        with suppress(StorageUnavailable):  # it is written down, whether this is known or not
            kept = Kept(status=int(HTTPStatus.SEE_OTHER), body="", location=where)
            await parts.kept.keep(_CALLER, sending, kept)
        return where

    async def _form(self, language: Language) -> Form:
        branches = merged(list(self._parts.branches.values()), await self._parts.visits.branches())
        purposes = self._parts.purposes or front_desk.purposes(language)
        return Form(branches=branches, purposes=purposes)

    def _page(
        self,
        form: Form,
        language: Language,
        status: int = HTTPStatus.OK,
        *,
        alert: str = "",
        news: str = "",
    ) -> HTMLResponse:
        says = front_desk.texts(language)
        return self._look.render(says, language, status, form=form, alert=alert, news=news)

    def _signing_in(
        self,
        language: Language,
        status: int = HTTPStatus.OK,
        *,
        alert: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> HTMLResponse:
        says = front_desk.signing_in(language)
        return self._look.render(says, language, status, alert=alert, headers=headers)

    def _not_ours(self, language: Language) -> HTMLResponse:
        return self._signing_in(language, HTTPStatus.FORBIDDEN, alert=front_desk.not_ours(language))

    def _away(self, language: Language, form: Form | None = None) -> HTMLResponse:
        """The database did not answer; what was filled in stays."""
        says = front_desk.signing_in(language) if form is None else front_desk.texts(language)
        return self._look.render(
            says,
            language,
            HTTPStatus.SERVICE_UNAVAILABLE,
            form=form,
            alert=front_desk.not_saved(language),
            headers={"retry-after": "5"},
        )

    def _put(self, answer: Response, name: str, value: str) -> None:
        answer.set_cookie(
            name,
            value,
            max_age=int(GOOD_FOR.total_seconds()),
            path=PATH,
            secure=self._parts.sessions.secure,
            httponly=True,
            samesite="strict",
        )

    def _language(self, request: Request) -> Language:
        return language_of(request.scope, self._parts.languages)


def _to_the_form() -> RedirectResponse:
    return RedirectResponse(PATH, HTTPStatus.SEE_OTHER)


def _place(cookies: Mapping[str, str]) -> Mapping[str, str]:
    """What was chosen last; anything else is as if nothing had been."""
    said = cookies.get(_PLACE, "")
    if not said or len(said) > _LONGEST_COOKIE:
        return {}
    try:
        found = json.loads(unquote(said))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: str(found[name]) for name in ("branch", "staff") if name in found}


def _news(request: Request, language: Language) -> str:
    """What the address tells of the visit before."""
    number, what = request.query_params.get("saved", ""), request.query_params.get("and", "")
    if not number.isascii() or not number.isdecimal() or len(number) > _LONGEST_NUMBER:
        return ""
    consented = what in {"asked", "not-asked"}
    return front_desk.kept(int(number), language, consented=consented, asked=what == "asked")
