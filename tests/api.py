"""The HTTP interface on stand-ins, or on a product; in both it is put together here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI

from runtime.links import SignedLinks
from survey.ports import (
    Answers,
    AuditLog,
    Clock,
    Doubtful,
    Figures,
    Keys,
    Link,
    People,
    Purpose,
    Rounds,
)
from survey.survey import Survey
from survey.usecases.link_for import LinkFor
from survey.usecases.make_report import MakeReport
from survey.usecases.nps_over_time import NpsOverTime
from survey.usecases.submit_answer import SubmitAnswer
from tests.world import World
from webapp.api import ApiParts, api_routers
from webapp.api.keys import Access
from webapp.api.limits import Allowance
from webapp.api.once import Once
from webapp.app import WebParts, create_app
from webapp.metrics import NpsMetrics
from webapp.throttle import Networks, Throttle

LINKS = SignedLinks(("a-key-for-tests-that-is-long-enough-to-pass",), "https://voxpop.example.org")


class NoFigures:
    async def figures(self) -> NpsMetrics:
        return NpsMetrics(quarterly=None, overall=None, responses={})


async def all_well() -> Mapping[str, str]:
    return {"database": "ok"}


@dataclass(frozen=True, kw_only=True)
class Behind:
    """What the HTTP interface stands on."""

    surveys: Mapping[str, Survey]
    people: People
    rounds: Rounds
    answers: Answers
    doubtful: Doubtful
    figures: Figures
    keys: Keys
    audit: AuditLog
    clock: Clock
    throttle: Throttle = field(default_factory=Throttle)
    proxies: Networks = ()
    once: Once | None = None
    usual: Allowance = field(default_factory=Allowance)

    def app(self, **parts: Any) -> FastAPI:
        """The web application with nothing else in it."""
        return create_app(
            WebParts(
                version="1.2.3",
                ready=all_well,
                metrics=NoFigures(),
                routers=api_routers(self.parts()),
                **parts,
            )
        )

    def access(self) -> Access:
        return Access(
            keys=self.keys,
            audit=self.audit,
            clock=self.clock,
            throttle=self.throttle,
            proxies=self.proxies,
            once=self.once,
            usual=self.usual,
        )

    def parts(self) -> ApiParts:
        return ApiParts(
            surveys=self.surveys,
            access=self.access(),
            submit=SubmitAnswer(links=LINKS, answers=self.answers, clock=self.clock),
            link_for=LinkFor(
                surveys=self.surveys,
                people=self.people,
                rounds=self.rounds,
                links=LINKS,
                audit=self.audit,
                clock=self.clock,
            ),
            nps=NpsOverTime(
                surveys=self.surveys,
                report=MakeReport(
                    surveys=self.surveys,
                    rounds=self.rounds,
                    figures=self.figures,
                    clock=self.clock,
                ),
                figures=self.figures,
                audit=self.audit,
                clock=self.clock,
            ),
            rounds=self.rounds,
            throttle=self.throttle,
            clock=self.clock,
            proxies=self.proxies,
        )


def behind(world: World, doubtful: Doubtful, **changes: Any) -> Behind:
    """The same on a database."""
    product = world.product
    return Behind(
        surveys=product.settings.surveys,
        people=product.people,
        rounds=product.rounds,
        answers=product.answers,
        doubtful=doubtful,
        figures=product.figures,
        keys=product.keys,
        audit=product.audit,
        clock=product.clock,
        **changes,
    )


def client(app: FastAPI, *, at: str = "203.0.113.7") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, client=(at, 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://voxpop.test")


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def token_of(link: Link) -> str:
    return LINKS.token(link, Purpose.ANSWER)
