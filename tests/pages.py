"""The pages behind links, on a store in memory."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from fastapi import FastAPI

from runtime.languages import language
from runtime.links import SignedLinks
from survey.brand import Brand
from survey.card import Subject
from survey.consent import How
from survey.invitation import Invitation
from survey.language import Languages
from survey.ports import Link, Purpose, Suspicion
from survey.survey import Survey
from survey.usecases.answer_by_link import AnswerByLink
from survey.usecases.count_doubtful import CountDoubtful
from survey.usecases.unsubscribe import Unsubscribe
from tests.examples import NPS_SURVEY, SetClock, campaign, invitation
from tests.fakes import FakeAnswers, FakePeople, FakeRounds, Store
from tests.fakes_mail import FakeDoubtful
from tests.fakes_rights import FakeAuditLog
from tests.happened import rolling
from webapp.app import WebParts, create_app
from webapp.metrics import NpsMetrics
from webapp.page import PageParts, page_routes
from webapp.throttle import Throttle

BASE = "http://voxpop.test"
KEYS = ("a key of thirty-two characters!!", "an older key, not yet withdrawn!")


class NoFigures:
    async def figures(self) -> NpsMetrics:
        return NpsMetrics(quarterly=None, overall=None, responses={})


async def all_well() -> Mapping[str, str]:
    return {"database": "ok"}


class Pages:
    """A round with one invitation, and all that its links lead to."""

    def __init__(
        self,
        survey: Survey = NPS_SURVEY,
        *,
        brand: Brand | None = None,
        failures: str = "20/minute; 200/hour",
        clock: Any = None,
        languages: Languages = language,
        **changes: Any,
    ) -> None:
        self.clock = clock or SetClock()
        self.store = Store()
        self.invitation = self.store.asks(invitation(campaign=campaign(survey, **changes)))
        self.links = SignedLinks(KEYS, BASE)
        self.answers = FakeAnswers(self.store)
        self.people = FakePeople(self.store)
        self.doubtful = FakeDoubtful(self.store)
        self.count = CountDoubtful(answers=self.answers, doubtful=self.doubtful, clock=self.clock)
        self.parts = PageParts(
            links=self.links,
            rounds=FakeRounds(self.store),
            answer=AnswerByLink(answers=self.answers, doubtful=self.doubtful),
            unsubscribe=Unsubscribe(answers=self.answers, people=self.people),
            languages=languages,
            clock=self.clock,
            brand=brand or Brand(name="Acme People"),
            zone=ZoneInfo("Europe/Berlin"),
            throttle=Throttle(failures),
            audit=FakeAuditLog(self.store),
        )
        self.app: FastAPI = create_app(
            WebParts(
                version="1.2.3",
                ready=all_well,
                metrics=NoFigures(),
                routes=page_routes(self.parts),
            )
        )

    @property
    def now(self) -> Invitation:
        """The invitation as it stands."""
        return self.store.invitations[self.invitation.id]

    @property
    def aside(self) -> dict[int, Suspicion]:
        """What is kept aside and may still count, and why, by its score."""
        by_person = self.now.pressed_at
        return {
            one.score: one.why
            for one, _ in self.store.aside
            if by_person is None or by_person < one.at
        }

    @property
    def said(self) -> list[tuple[str, bool, How, str]]:
        """What the person has said on being asked."""
        found = self.store.consents.get(self.invitation.person.id, [])
        return [(one.survey, one.may_ask, one.how, one.reason) for one in found]

    def score(self) -> int | None:
        """What stands."""
        return self.now.response.score

    def path(self, purpose: Purpose = Purpose.ANSWER, **changes: Any) -> str:
        """Where a link leads; it was made an hour ago."""
        made = self.clock().replace(microsecond=0) - timedelta(hours=1)
        link = Link(
            subject=Subject(
                campaign_id=self.invitation.campaign.id, invitation_id=self.invitation.id
            ),
            locale="en",
            issued_at=made,
            expires_at=made + timedelta(days=30),
        )
        token = self.links.token(replace(link, **changes), purpose)
        return f"/{purpose.value}/{token}"

    def web(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=BASE)


def pages_about(*brought: Invitation) -> Pages:
    """The pages of what something brought, which share a campaign without an end."""
    pages = Pages(brought[0].campaign.survey)
    pages.store.campaigns[:] = [rolling(brought[0]).campaign]
    pages.store.invitations = {one.id: one for one in brought}
    pages.invitation = brought[0]
    return pages


async def get(pages: Pages, path: str, **headers: str) -> httpx.Response:
    async with pages.web() as web:
        return await web.get(path, headers=headers)


async def post(pages: Pages, path: str, **form: object) -> httpx.Response:
    async with pages.web() as web:
        return await web.post(path, data={name: str(value) for name, value in form.items()})


def headline(answer: httpx.Response) -> str:
    found = re.search(r"<h1><bdi>(.*?)</bdi></h1>", answer.text)
    assert found is not None
    return found[1]
