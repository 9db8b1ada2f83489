"""Schedules on real databases: one round for each time, whoever runs beside whom."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from runtime.parts import Part
from runtime.serving import working
from storage.tables import campaigns, deliveries, invitations, sandbox_messages, schedules
from survey.errors import VoxpopError
from survey.localtime import Window
from survey.schedule import Handled
from tests.world import World

DUE = datetime(2027, 1, 1, 8, 0, tzinfo=UTC)
QUARTERLY = "0 9 1 */3 *"


async def look(world: World) -> list[Handled]:
    return [handled async for handled in world.product.start_due()]


async def rounds(world: World) -> list[str]:
    return [found.name for found in reversed(await world.product.rounds.all())]


async def scheduled(world: World, line: str = QUARTERLY, **changes: object) -> None:
    """A schedule that has been seen."""
    world.survey("nps", schedule=line, **changes)
    await look(world)


async def beside(world: World) -> World:
    """Another process."""
    other = world.restarted()
    object.__setattr__(other.product.start, "surveys", world.product.start.surveys)
    return other


async def test_a_round_starts_by_its_schedule_and_is_sent(world: World) -> None:
    await scheduled(world)
    world.clock.at = DUE
    (started,) = await look(world)
    await world.product.worker()

    assert started.campaign is not None
    assert started.campaign.name == "nps/2027Q1"
    assert await world.states(started.campaign) == {"sent": 12}
    (row,) = await world.rows(select(schedules))
    assert (row.survey, row.cron, row.timezone) == ("nps", QUARTERLY, "Europe/Berlin")
    assert (row.handled_until, row.outcome) == (DUE, "started")


async def test_fault_9_two_schedulers_start_one_round(world: World) -> None:
    await scheduled(world)
    other = await beside(world)
    try:
        for quarter in range(20):
            world.clock.at = datetime(2027 + quarter // 4, 1 + quarter % 4 * 3, 1, 9, tzinfo=UTC)
            with capture_logs() as told:
                looks = await asyncio.gather(
                    *(look(one) for one in (world, other) for _ in range(4))
                )
            handled = [one for found in looks for one in found]
            assert [one.outcome for one in handled] == ["started"]
            assert [line for line in told if line["log_level"] != "info"] == []
            assert handled[0].campaign is not None
            await world.product.close(handled[0].campaign)
    finally:
        await other.close()

    quarters = [f"nps/{2027 + n // 4}Q{n % 4 + 1}" for n in range(20)]
    assert await rounds(world) == quarters
    asked = await world.rows(select(func.count()).select_from(invitations))
    assert asked[0][0] == 20 * 12


async def test_a_round_that_somebody_starts_by_hand_at_that_moment_is_the_only_one(
    world: World,
) -> None:
    await scheduled(world)
    world.clock.at = DUE
    by_hand, handled = await asyncio.gather(world.start(), look(world), return_exceptions=True)

    assert len(await rounds(world)) == 1
    if isinstance(by_hand, BaseException):
        assert type(by_hand).__name__ == "CampaignExists"
    assert isinstance(handled, list)
    assert [one.outcome for one in handled] in (["started"], ["a round was open"])
    assert await look(world) == []


async def test_a_round_that_could_not_be_written_leaves_its_time_due(world: World) -> None:
    await scheduled(world)
    world.clock.at = DUE
    plan = await world.product.start.plan("nps", due=DUE)
    broken = [*plan.asks, plan.asks[0]]  # one person twice: a constraint refuses it
    object.__setattr__(plan, "asks", tuple(broken))
    with pytest.raises(VoxpopError):
        await world.product.rounds.start(plan, due=DUE)

    (row,) = await world.rows(select(schedules))
    assert row.handled_until < DUE
    assert await world.rows(select(campaigns.c.id)) == []
    (started,) = await look(world)
    assert started.campaign is not None


async def test_fault_59_down_for_three_days_one_round_and_each_in_their_window(
    world: World,
) -> None:
    await scheduled(
        world, "0 9 * * *", window=Window(opens=DUE.time(), closes=DUE.time().replace(hour=16))
    )
    world.clock.at = DUE + timedelta(days=3, hours=12)  # Monday evening in Berlin
    again = world.restarted()
    object.__setattr__(again.product.start, "surveys", world.product.start.surveys)
    try:
        assert len(await look(again)) == 1
        await again.product.worker()
        assert await look(again) == []
        (due,) = await world.rows(select(func.min(deliveries.c.due_at)))
        assert due[0] == datetime(2027, 1, 5, 7, 0, tzinfo=UTC)
        assert await world.rows(select(sandbox_messages.c.id)) == []
        world.clock.at = due[0]
        await again.product.worker()
    finally:
        await again.close()
    assert await rounds(world) == ["nps/2027Q1"]
    assert len(await world.rows(select(sandbox_messages.c.id))) == 12


@pytest.mark.parametrize("hours", [1, -1])
async def test_fault_57_the_clock_jumps_an_hour_and_nothing_is_sent_twice_or_early(
    world: World, hours: int
) -> None:
    """The window opens at nine in Berlin, as the round is due."""
    await scheduled(world)
    sent: list[datetime] = []
    for minute in range(-180, 181, 10):
        jumped = timedelta(hours=hours if minute >= -60 else 0)
        world.clock.at = DUE + timedelta(minutes=minute) + jumped
        await look(world)
        await world.product.worker()
        seen = await world.rows(select(func.count()).select_from(sandbox_messages))
        sent += [world.clock.at] * (seen[0][0] - len(sent))
    world.clock.forward(hours=-1)
    await look(world)
    await world.product.worker()

    assert await rounds(world) == ["nps/2027Q1"]
    assert len(sent) == 12
    assert min(sent) >= DUE


async def served(world: World, *parts: Part, until: str) -> list[Any]:
    """What the log tells until this event."""
    with capture_logs() as told:
        async with working(world.product, frozenset(parts)), asyncio.timeout(20):
            while until not in {event["event"] for event in told}:  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(0.05)
    return told


async def test_the_serving_process_looks_at_schedules_and_sends(world: World) -> None:
    await scheduled(world)
    world.clock.at = DUE
    told = await served(world, Part.SCHEDULER, Part.WORKER, until="delivery_sent")
    started = [event for event in told if event["event"] == "scheduled_round_started"]
    assert [(event["campaign"], event["invited"]) for event in started] == [("nps/2027Q1", 12)]
    assert not [event for event in told if event["log_level"] in {"warning", "error"}]


async def test_a_time_that_is_passed_over_is_told_in_the_log(world: World) -> None:
    await scheduled(world)
    world.clock.at = DUE + timedelta(days=20)
    told = await served(world, Part.SCHEDULER, until="scheduled_round_not_started")
    (event,) = [event for event in told if event["log_level"] == "warning"]
    assert (event["survey"], event["due"]) == ("nps", DUE.isoformat())
    assert event["reason"].startswith("missed")


async def test_status_with_nothing_running_tells_when_the_next_round_starts(world: World) -> None:
    chat = world.sandbox()
    async with chat.http:
        assert (await chat.say(0, "/nps status"))["private_text"] == (
            "No round is running. `/nps start` begins one."
        )
        toml = (world.folder / "voxpop.toml").read_text()
        (world.folder / "voxpop.toml").write_text(
            toml.replace('owner = "the', f'schedule = "{QUARTERLY}"\nowner = "the')
        )
        again = world.restarted()
        try:
            after = again.sandbox()
            async with after.http:
                told = await after.say(0, "/nps status")
        finally:
            await again.close()
    assert told["private_text"] == (
        "No round is running. The next one of nps starts on Friday 1 January at 09:00 "
        "(Europe/Berlin); `/nps start` begins one now."
    )


async def test_schedules_of_surveys_that_have_none_any_more_are_forgotten(world: World) -> None:
    await scheduled(world)
    world.survey("nps", schedule="")
    await look(world)
    assert await world.rows(select(schedules)) == []


async def test_fault_57_a_clock_that_was_months_ahead_does_not_silence_a_schedule(
    world: World,
) -> None:
    await scheduled(world)
    await look(world)
    world.clock.at = datetime(2028, 1, 2, 9, tzinfo=UTC)
    (ahead,) = await look(world)
    assert ahead.campaign is not None
    await world.close_round(ahead.campaign)

    world.clock.at = datetime(2026, 12, 1, 9, tzinfo=UTC)
    (told,) = await look(world)
    assert told.outcome.startswith("the clock was ahead")
    assert await look(world) == []
    world.clock.at = datetime(2027, 1, 1, 9, tzinfo=UTC)
    (started,) = await look(world)
    assert started.campaign is not None
