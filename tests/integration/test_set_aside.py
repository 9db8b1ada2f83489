"""Answers that are kept and not counted: the same by the fake and by both databases."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select

from storage.set_aside import SqlDoubtful
from storage.tables import set_aside
from survey.campaign import Campaign
from survey.card import Subject
from survey.errors import OutOfDate
from survey.ports import Answers, Doubtful, Press, Suspicion
from survey.wording.asked import subject_of
from tests.examples import MONDAY, NPS_SURVEY, campaign, invitation, person
from tests.fakes import FakeAnswers, Store
from tests.fakes_mail import FakeDoubtful
from tests.world import World

QUARTER = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Stage:
    """A round that asks two people, and what is kept aside of it."""

    doubtful: Doubtful
    answers: Answers
    round: Campaign
    subjects: tuple[Subject, Subject]
    now: datetime

    async def auto(self, score: int, *, of: int = 0, after: timedelta = timedelta()) -> Suspicion:
        """The page sends a score by itself."""
        at = self.now + after
        return await self.doubtful.keep(
            self.subjects[of], score, why=Suspicion.ONE_PRESS, at=at, counts_at=at + QUARTER
        )

    async def robot(self, score: int, *, of: int = 0, why: Suspicion = Suspicion.TRAP) -> Suspicion:
        return await self.doubtful.keep(self.subjects[of], score, why=why, at=self.now)

    async def says(self, score: int, *, of: int = 0, after: timedelta = timedelta()) -> None:
        press = Press(subject=self.subjects[of], by=None, at=self.now + after)
        await self.answers.record(press, score)

    async def ripe(self, *, limit: int = 10) -> list[tuple[int, int]]:
        """Place → score of what is to be counted by itself a day later."""
        at = self.now + timedelta(days=1)
        found = await self.doubtful.ripe(at=at, limit=limit)
        return [(self.subjects.index(one.subject), one.score) for one in found]

    async def waiting(self) -> list[tuple[int, int]]:
        found = await self.doubtful.waiting(self.round)
        return [(self.subjects.index(one.subject), one.score) for one in found]

    async def told(self) -> dict[Suspicion, int]:
        found = await self.doubtful.told([self.round])
        return {why: n for why, n in found[self.round.id].items() if n}


@pytest.fixture(params=["fake", "sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database's URL; none for the fake."""
    if request.param == "fake":
        return ""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgres").fresh()
        return url
    shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "voxpop.db")
    return f"sqlite:///{tmp_path}/voxpop.db"


@pytest.fixture
async def stage(where: str, tmp_path: Path) -> AsyncIterator[Stage]:
    if not where:
        store, running = Store(), campaign(NPS_SURVEY)
        first, second = (
            store.asks(invitation(place, person=person(place, f"P{place} X"), campaign=running))
            for place in (1, 2)
        )
        yield Stage(
            doubtful=FakeDoubtful(store),
            answers=FakeAnswers(store),
            round=running,
            subjects=(subject_of(first), subject_of(second)),
            now=MONDAY,
        )
        return
    world = World(where, folder=tmp_path)
    await world.populate()
    running = await world.start()
    yield Stage(
        doubtful=SqlDoubtful(world.product.database),
        answers=world.product.answers,
        round=running,
        subjects=(
            subject_of(await world.invitation(1)),
            subject_of(await world.invitation(2)),
        ),
        now=world.clock.at,
    )
    await world.close()


async def test_what_a_page_sent_by_itself_counts_by_itself_in_time(stage: Stage) -> None:
    assert await stage.auto(4) is Suspicion.ONE_PRESS

    early = await stage.doubtful.ripe(at=stage.now + QUARTER - MINUTE, limit=10)
    (ripe,) = await stage.doubtful.ripe(at=stage.now + QUARTER, limit=10)
    assert list(early) == []
    assert (ripe.subject, ripe.score, ripe.why) == (stage.subjects[0], 4, Suspicion.ONE_PRESS)
    assert ripe.at == stage.now


async def test_the_same_score_again_takes_the_place_of_the_one_before(stage: Stage) -> None:
    await stage.auto(4)
    assert await stage.auto(4, after=MINUTE) is Suspicion.ONE_PRESS

    assert await stage.told() == {Suspicion.ONE_PRESS: 1}
    (ripe,) = await stage.doubtful.ripe(at=stage.now + timedelta(days=1), limit=10)
    assert ripe.at == stage.now + MINUTE


async def test_of_several_scores_that_came_by_themselves_none_counts(stage: Stage) -> None:
    said = [await stage.auto(score, after=score * MINUTE) for score in (0, 1, 2, 1)]

    assert said == [Suspicion.ONE_PRESS, *[Suspicion.SEVERAL] * 3]
    assert await stage.ripe() == []
    assert await stage.told() == {Suspicion.SEVERAL: 3}
    assert await stage.waiting() == [(0, 2)]  # the latest of them, if somebody wants it counted


async def test_others_are_not_held_up_by_a_robot_at_one_mail(stage: Stage) -> None:
    await stage.auto(0)
    await stage.auto(9, of=1, after=MINUTE)
    await stage.auto(1)

    assert await stage.ripe() == [(1, 9)]


@pytest.mark.parametrize("why", [Suspicion.TRAP, Suspicion.TOO_SOON])
async def test_beside_a_sign_of_a_robot_nothing_counts_by_itself(
    stage: Stage, why: Suspicion
) -> None:
    await stage.auto(4)
    assert await stage.robot(7, why=why) is why
    assert await stage.ripe() == []
    assert await stage.auto(4) is Suspicion.ONE_PRESS
    assert await stage.ripe() == []

    await stage.robot(3, of=1, why=why)
    await stage.auto(3, of=1)
    assert await stage.ripe() == []


async def test_the_persons_own_answer_wins_whenever_it_came(stage: Stage) -> None:
    await stage.says(9)
    await stage.auto(4, after=MINUTE)
    await stage.auto(2, of=1)
    await stage.says(10, of=1, after=MINUTE)

    assert await stage.ripe() == []
    assert await stage.waiting() == []
    assert await stage.told() == {}


async def test_what_was_taken_back_since_is_not_counted(stage: Stage) -> None:
    await stage.auto(4)
    await stage.says(9, after=MINUTE)
    await stage.answers.undo(
        Press(subject=stage.subjects[0], by=None, at=stage.now + MINUTE + MINUTE)
    )

    assert await stage.ripe() == await stage.waiting() == []


async def test_what_is_dropped_is_forgotten(stage: Stage) -> None:
    for score in (1, 2):
        await stage.auto(score)
    await stage.robot(5, of=1)

    assert await stage.doubtful.drop(stage.subjects[0]) == 2
    assert await stage.doubtful.drop(stage.subjects[0]) == 0
    assert await stage.told() == {Suspicion.TRAP: 1}
    assert await stage.auto(1) is Suspicion.ONE_PRESS
    assert await stage.ripe() == [(0, 1)]


async def test_the_oldest_come_first_and_no_more_than_wanted(stage: Stage) -> None:
    await stage.auto(6, of=1, after=MINUTE)
    await stage.auto(5)

    assert await stage.ripe() == [(0, 5), (1, 6)]
    assert await stage.ripe(limit=1) == [(0, 5)]


async def test_an_unknown_invitation_keeps_nothing(stage: Stage) -> None:
    known = stage.subjects[0]
    for subject in (
        Subject(campaign_id=known.campaign_id, invitation_id=uuid4()),
        Subject(campaign_id=known.campaign_id + 1, invitation_id=known.invitation_id),
    ):
        with pytest.raises(OutOfDate):
            await stage.doubtful.keep(subject, 4, why=Suspicion.TRAP, at=stage.now)
        assert await stage.doubtful.drop(subject) == 0
    assert await stage.told() == {}


async def test_after_the_round_the_scores_are_gone_and_the_reasons_are_told(
    world: World, running: Campaign
) -> None:
    doubtful = SqlDoubtful(world.product.database)
    at = world.clock.at
    for place, score in ((1, 0), (1, 1), (2, 7)):
        subject = subject_of(await world.invitation(place))
        await doubtful.keep(subject, score, why=Suspicion.ONE_PRESS, at=at, counts_at=at + QUARTER)
    await world.product.close(running)
    assert list(await doubtful.ripe(at=at + QUARTER, limit=10)) == []

    await world.close_round(running)

    rows = await world.rows(select(set_aside.c.score, set_aside.c.counts_at))
    assert [tuple(row) for row in rows] == [(None, None)] * 3
    told = await doubtful.told([running])
    assert told[running.id] == {Suspicion.SEVERAL: 2, Suspicion.ONE_PRESS: 1}
    assert list(await doubtful.waiting(running)) == []
