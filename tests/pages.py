"""The pages behind links, on a store in memory."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
from fastapi import FastAPI

from runtime.languages import language
from runtime.links import SignedLinks
from survey.brand import Brand
from survey.campaign import Campaign
from survey.card import Subject
from survey.consent import How
from survey.delivery import MessageRef
from survey.invitation import Invitation
from survey.language import Languages
from survey.person import Person
from survey.ports import Link, Press, Purpose, SetAside, Suspicion
from survey.rights import Lifted
from survey.survey import Survey
from survey.usecases.answer_by_link import AnswerByLink
from survey.usecases.count_doubtful import CountDoubtful
from survey.usecases.unsubscribe import Unsubscribe
from tests.examples import NPS_SURVEY, SetClock, campaign, invitation
from tests.fakes import FakeAnswers, FakePeople, FakeRounds, Store
from webapp.app import WebParts, create_app
from webapp.metrics import NpsMetrics
from webapp.page import PageParts, page_routes
from webapp.throttle import Throttle

BASE = "http://voxpop.test"
KEYS = ("a key of thirty-two characters!!", "an older key, not yet withdrawn!")


@dataclass(frozen=True)
class AnswersByLink(FakeAnswers):
    """Whoever comes by the link is the one who was asked."""

    def _found(self, press: Press) -> tuple[Invitation, int]:
        if press.by is None:
            known = self.store.invitations.get(press.subject.invitation_id)
            if known is not None and known.campaign.id == press.subject.campaign_id:
                return known, known.person.id
        return super()._found(press)


@dataclass(frozen=True)
class PeopleByLink(FakePeople):
    """Keeps what was said on being asked."""

    said: list[tuple[str, str | None, bool, How, str]] = field(default_factory=list)

    async def opt_out(
        self,
        person: Person,
        *,
        survey: str | None,
        at: datetime,
        message: MessageRef | None = None,
        how: How = How.CHAT,
        reason: str = "",
    ) -> None:
        await FakePeople.opt_out(self, person, survey=survey, at=at, message=message)
        self.said.append((person.email, survey, False, how, reason))

    async def opt_in(
        self, person: Person, *, survey: str | None = None, at: datetime, how: How = How.CHAT
    ) -> Lifted:
        lifted = await FakePeople.opt_in(self, person, survey=survey, at=at)
        self.said.append((person.email, survey, True, how, ""))
        return lifted


@dataclass(frozen=True)
class KeptAside:
    """The port `Doubtful` in memory."""

    store: Store
    kept: dict[tuple[Subject, int], tuple[SetAside, datetime | None]] = field(default_factory=dict)

    async def keep(
        self,
        subject: Subject,
        score: int,
        *,
        why: Suspicion,
        at: datetime,
        counts_at: datetime | None = None,
    ) -> Suspicion:
        self.store.read("keep")
        self.kept[subject, score] = (
            SetAside(id=uuid4(), subject=subject, score=score, at=at, why=why),
            counts_at,
        )
        sent = {Suspicion.ONE_PRESS, Suspicion.SEVERAL}
        waiting = [
            key for key, (one, _) in self.kept.items() if key[0] == subject and one.why in sent
        ]
        if why is Suspicion.ONE_PRESS and len(waiting) > 1:
            for key in waiting:
                self.kept[key] = (replace(self.kept[key][0], why=Suspicion.SEVERAL), None)
        return self.kept[subject, score][0].why

    async def drop(self, subject: Subject) -> int:
        self.store.read("drop")
        found = [key for key in self.kept if key[0] == subject]
        for key in found:
            del self.kept[key]
        return len(found)

    async def ripe(self, *, at: datetime, limit: int) -> Sequence[SetAside]:
        self.store.read("ripe")
        due = [one for one, counts_at in self.kept.values() if counts_at and counts_at <= at]
        return sorted(due, key=lambda one: one.at)[:limit]

    async def waiting(self, campaign: Campaign) -> Sequence[SetAside]:
        self.store.read("waiting")
        mine = [one for one, _ in self.kept.values() if one.subject.campaign_id == campaign.id]
        latest = {one.subject: one for one in sorted(mine, key=lambda one: one.at)}
        return [
            one
            for subject, one in latest.items()
            if self.store.invitations[subject.invitation_id].response.score is None
        ]

    async def told(self, campaigns: Sequence[Campaign]) -> Mapping[int, Mapping[Suspicion, int]]:
        raise NotImplementedError

    @property
    def why(self) -> dict[int, Suspicion]:
        return {score: one.why for (_, score), (one, _) in self.kept.items()}


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
        self.answers = AnswersByLink(self.store)
        self.people = PeopleByLink(self.store)
        self.doubtful = KeptAside(self.store)
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
