"""The release gate over real storage: what any report, file or metric tells, and what none does."""

import asyncio
import json
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from itertools import combinations
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import func, select

from bench.release_attack import few_described
from storage.tables import cohorts, released_totals, responses, steps
from survey.campaign import Campaign
from survey.errors import NotFound, OutOfDate
from survey.report import Report, as_json, as_rows
from survey.survey import Mode
from tests.world import World, email


async def press(world: World, places: Iterable[int], score: int) -> None:
    world.clock.forward(seconds=1)
    for place in places:
        await world.press(place, score)


async def undo(world: World, places: Iterable[int]) -> None:
    world.clock.forward(seconds=1)
    for place in places:
        await world.product.answers.undo(await world.press_of(place))


async def counted(world: World, campaign: Campaign) -> Counter[int]:
    """Score → people as released, which must be what a recount of the answers finds."""
    kept = await world.rows(
        select(released_totals.c.cohort, released_totals.c.score, func.sum(released_totals.c.n))
        .where(released_totals.c.campaign_id == campaign.id)
        .group_by(released_totals.c.cohort, released_totals.c.score)
    )
    anew = await world.rows(
        select(responses.c.cohort, responses.c.released_score, func.count())
        .where(responses.c.campaign_id == campaign.id, responses.c.released_score.is_not(None))
        .group_by(responses.c.cohort, responses.c.released_score)
    )
    assert {(cohort, score): int(n) for cohort, score, n in kept if n} == {
        (cohort, score): n for cohort, score, n in anew
    }
    return sum((Counter({score: n}) for _, score, n in anew), Counter[int]())


def told(report: Report) -> Counter[int]:
    """Score → people as a report has it."""
    if report.distribution is None:
        return Counter()
    return Counter({score: n for score, n in report.distribution.counts.items() if n})


async def test_fewer_than_k_answers_move_nothing(world: World, running: Campaign) -> None:
    await press(world, range(4), 9)
    report = await world.product.report("nps")
    assert (report.figures, report.distribution, report.pending) == (None, None, 0)
    assert report.participation.answered == 4
    await press(world, [4], 0)
    report = await world.product.report("nps")

    assert told(report) == await counted(world, running) == {9: 4, 0: 1}
    assert report.figures is not None
    assert report.figures.value == 60


async def test_figures_move_by_k_and_tell_how_many_wait(world: World, running: Campaign) -> None:
    shown = []
    for place in range(12):
        await press(world, [place], 9)
        report = await world.product.report("nps")
        shown.append((sum(told(report).values()), report.pending))
        assert report.participation.answered == place + 1

    assert shown == [(0, 0)] * 4 + [(5, n) for n in range(5)] + [(10, n) for n in range(3)]
    assert await world.product.figures.pending(running) == 2


async def test_changes_move_the_figures_when_k_people_have_changed(
    world: World, running: Campaign
) -> None:
    await press(world, range(10), 9)
    assert told(await world.product.report("nps")) == {9: 10}
    await press(world, range(4), 0)
    report = await world.product.report("nps")
    assert (told(report), report.pending) == ({9: 10}, 0)
    await press(world, range(3), 9)  # back again: nobody waits for that
    await press(world, range(4, 8), 0)
    report = await world.product.report("nps")

    assert told(report) == await counted(world, running) == {9: 5, 0: 5}
    await press(world, range(3, 8), 10)
    assert told(await world.product.report("nps")) == {9: 5, 0: 5}  # nobody is moved twice


async def test_answers_that_were_taken_back_leave_by_k_and_only_from_beside_k_others(
    world: World, running: Campaign
) -> None:
    await press(world, range(10), 9)
    assert told(await world.product.report("nps")) == {9: 10}
    await undo(world, range(4))
    report = await world.product.report("nps")
    assert told(report) == {9: 10}
    assert (report.participation.answered, report.pending) == (6, 0)
    await undo(world, [4])
    assert told(await world.product.report("nps")) == await counted(world, running) == {9: 5}
    await undo(world, range(5, 10))

    assert told(await world.product.report("nps")) == {9: 5}  # they would leave nobody behind
    await world.close_round(running)
    report = await world.product.report("nps")
    assert told(report) == await counted(world, running) == {9: 5}
    assert report.pending == 5
    assert await world.scores(running) == {}


async def test_what_is_left_over_at_the_close_stays_held_and_is_told(
    world: World, running: Campaign
) -> None:
    await press(world, range(5), 9)
    await world.product.report("nps")
    await press(world, range(5, 9), 0)
    await world.close_round(running)
    report = await world.product.report("nps")

    assert told(report) == await counted(world, running) == {9: 5}
    assert report.pending == 4
    assert report.participation.answered == 9


async def test_groups_are_told_after_the_close_alone(world: World, running: Campaign) -> None:
    await press(world, range(0, 12, 2), 9)
    await press(world, range(1, 12, 2), 0)
    report = await world.product.report("nps", by="team")
    assert report.groups_withheld
    assert {group.value: group.figures for group in report.groups} == {
        "Platform": None,
        "Sales": None,
    }
    await world.close_round(running)
    report = await world.product.report("nps", by="team")

    assert not report.groups_withheld
    found = {group.value: group.figures for group in report.groups}
    assert {name: (one.n, one.value) for name, one in found.items() if one is not None} == {
        "Platform": (6, 100),
        "Sales": (6, -100),
    }
    with pytest.raises(NotFound, match="team"):
        await world.product.report("nps", by="badge")


async def test_a_group_is_hidden_if_it_or_what_remains_is_too_small(
    world: World, running: Campaign
) -> None:
    await press(world, [0, 2, 4, 6, 8, 1, 3, 5, 7], 9)
    await world.close_round(running)
    report = await world.product.report("nps", by="team")

    assert (sum(told(report).values()), [g.figures for g in report.groups]) == (9, [None, None])


async def test_an_identified_survey_tells_everything_at_once(world: World) -> None:
    world.survey(mode=Mode.IDENTIFIED)
    campaign = await world.start()
    await press(world, [0], 9)
    await press(world, [1], 0)
    report = await world.product.report("nps", by="badge")

    assert told(report) == {9: 1, 0: 1}
    assert not report.groups_withheld
    groups = {group.value: group.figures for group in report.groups}
    shown = {name: one.value for name, one in groups.items() if one is not None}
    assert shown == {"B0000": 100, "B0001": -100}
    await undo(world, [0])
    assert told(await world.product.report("nps")) == await world.scores(campaign) == {0: 1}


async def test_steps_and_presses_at_once_fold_nobody_in_twice(world: World) -> None:
    await world.populate(90)
    campaign = await world.start()
    presses = [await world.press_of(place) for place in range(90)]
    other, under_way = world.restarted(), [True]

    async def step(on: World) -> None:
        while under_way:
            await on.product.figures.step(campaign, at=world.clock.at)
            await asyncio.sleep(0.02)

    async def press_all(half: int) -> None:
        for place, one in enumerate(presses[half::2]):
            await world.product.answers.record(one, place % 11)
            await other.product.answers.record(one, place % 7)
            # A step gives way to presses, and these would all win: one has its turn here.
            while place == 22 and not await world.rows(select(steps)):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        under_way.clear()

    await asyncio.gather(press_all(0), press_all(1), step(world), step(other))
    await world.product.figures.step(campaign, at=world.clock.at, last=True)
    await other.close()

    assert sum((await counted(world, campaign)).values()) >= 86
    assert len(await world.rows(select(steps))) > 1


async def test_report_files_chat_and_metrics_tell_the_same(world: World, running: Campaign) -> None:
    await press(world, range(4), 9)
    await press(world, range(4, 6), 7)
    await press(world, range(6, 9), 2)
    chat = world.sandbox()
    async with chat.http as http:
        card = (await chat.say(0, "/nps report"))["messages"][-1]
        metrics = (await http.get("/metrics")).text
    await press(world, range(9, 11), 0)
    report = await world.product.report("nps")
    row = as_rows(report)[0]
    found = json.loads(json.dumps(as_json(report)))

    assert await counted(world, running) == told(report) == {9: 4, 7: 2, 2: 3}
    assert found["distribution"] == {str(mark): told(report)[mark] for mark in range(11)}
    assert [row[f"marks_{mark}"] for mark in range(11)] == [told(report)[m] for m in range(11)]
    assert found["nps"] == row["nps"] == pytest.approx(100 / 9)
    assert (found["counted"], row["counted"], found["answered"], found["pending"]) == (9, 9, 11, 2)
    assert card["headline"] == "NPS +11"
    assert "44\u00a0% promoters · 22\u00a0% passives · 33\u00a0% detractors" in card["text"]
    for line in (
        'nps_responses_total{score_type="promoter"} 4.0',
        'nps_responses_total{score_type="passive"} 2.0',
        'nps_responses_total{score_type="detractor"} 3.0',
        'nps_score{period="quarterly"} 11.1',
        'nps_score{period="overall"} 11.1',
    ):
        assert line in metrics


@pytest.fixture
async def small(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[World]:
    """Eighteen people on SQLite, and groups of three."""
    shutil.copy(sqlite_template, tmp_path / "small.db")
    found = World(f"sqlite:///{tmp_path}/small.db", folder=tmp_path)
    await found.populate(18)
    found.survey(k=3)
    yield found
    await found.close()


async def truth(world: World, campaign: Campaign) -> tuple[dict[int, int], dict[int, str]]:
    """Person → the score that the figures have of them; and person → team."""
    rows = await world.rows(
        select(responses.c.respondent, responses.c.released_score, cohorts.c.attributes)
        .join(cohorts, cohorts.c.cohort == responses.c.cohort)
        .where(responses.c.campaign_id == campaign.id, cohorts.c.campaign_id == campaign.id)
    )
    who = {row.respondent: int(row.respondent[:12], 16) for row in rows}
    scores = {who[r.respondent]: r.released_score for r in rows if r.released_score is not None}
    return scores, {who[r.respondent]: json.loads(r.attributes)["team"] for r in rows}


@pytest.mark.parametrize("seed", range(5))
async def test_no_difference_of_reports_tells_of_fewer_than_k_people(
    small: World, seed: int
) -> None:
    chance = Random(seed)  # noqa: S311
    campaign = await small.start(to=frozenset(email(place) for place in range(18)))
    figures: list[dict[int, int]] = []
    for event in range(70):
        small.clock.forward(seconds=1)
        one = await small.press_of(chance.randrange(18 if event > 25 else 9))
        try:
            if chance.random() < 0.25:
                await small.product.answers.undo(one)
            else:
                await small.product.answers.record(one, chance.choice([0, 7, 10]))
        except OutOfDate:
            continue
        report = await small.product.report("nps")
        scores, _ = await truth(small, campaign)
        assert told(report) == await counted(small, campaign) == Counter(scores.values())
        if scores not in figures and scores:
            figures.append(scores)
    await small.close_round(campaign)
    report = await small.product.report("nps", by="team")
    scores, teams = await truth(small, campaign)
    figures.append(scores)
    assert len(figures) > 4
    for group in report.groups:
        if group.figures is not None:
            members = {who: score for who, score in scores.items() if teams[who] == group.value}
            assert group.figures.n == len(members)
            figures.append(members)

    for before, after in combinations([{}, *figures], 2):
        differ = {who for who in before | after if before.get(who) != after.get(who)}
        assert len(differ) == 0 or len(differ) >= 3
    assert few_described(figures, at_most=2)[0] is None
