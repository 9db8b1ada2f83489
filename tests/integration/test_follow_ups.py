"""Low marks on real databases: found, told to a channel, looked after, erased."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from runtime.serving import create_server_app
from storage.tables import campaigns, deliveries, follow_ups, invitations
from survey.campaign import Campaign
from survey.comment import Comment
from survey.delivery import Delivery
from survey.errors import NotFound, OnlyIdentified
from survey.follow_ups import WAITING, FollowUpState
from survey.ports import Found, Role
from survey.states import CampaignState, DeliveryKind
from tests.world import World, address, email

SETTINGS = """
timezone = "Europe/Berlin"
admins = ["ada@example.org"]
[surveys.help]
scale = "csat"
subject = "our help"
mode = "identified"
rest_days = 0
alert_at = 2
[surveys.nps]
subject = "Acme"
"""
CHANNEL = "#alerts"


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    found = World(
        database_url,
        folder=tmp_path,
        toml=SETTINGS,
        environ={"VOXPOP_ALERT_CHANNEL": "sandbox:#alerts"},
    )
    await found.populate(6)
    yield found
    await found.close()


async def look(world: World) -> Found:
    found = await world.product.looking_after.find()
    await world.product.worker()
    return found


async def alerts(world: World) -> list[Any]:
    return list(await world.product.looking_after.alert.follow_ups.all(WAITING, limit=50))


async def channel(world: World) -> list[dict[str, Any]]:
    """What the administrator sees of it."""
    return [one for one in await world.sandbox().inbox(0) if one["channel"] == CHANNEL]


async def test_a_low_mark_comes_into_the_channel_once(world: World) -> None:
    await world.start("help")
    await world.press(1, 2)
    await world.press(2, 3)
    assert await look(world) == Found(opened=1)
    assert await look(world) == Found()
    (message,) = await channel(world)
    assert message["headline"] == "Person 1 gave 2 of 5"
    assert "Nobody has taken it yet." in message["lines"]
    assert not message["edited"]


async def test_nobody_but_administrators_sees_the_channel_of_the_sandbox(world: World) -> None:
    await world.start("help")
    await world.press(1, 1)
    await look(world)
    assert [one["channel"] for one in await world.sandbox().inbox(2)] == [None]


async def test_what_a_channel_gets_is_the_alert_whatever_is_updated(world: World) -> None:
    """The person's own card never comes into the channel, however often something changes."""
    await world.start("help")
    await world.press(1, 2)
    await look(world)
    world.clock.forward(minutes=1)
    await world.press(1, 1)
    press = await world.press_of(1)
    await world.product.answers.comment(press, Comment("Three days!"))
    await look(world)
    (message,) = await channel(world)
    labels = [button["label"] for button in message["buttons"]]
    assert labels == ["I'll take it", "Note"]
    assert "They wrote: Three days!" in message["lines"]
    own = (await world.sandbox().inbox(1))[-1]
    assert own["channel"] is None
    assert "You said 1." in own["text"]


async def test_the_alert_is_no_message_to_the_person(world: World) -> None:
    """Nothing that counts people and messages counts it."""
    campaign = await world.start("help")
    before = await world.rows(select(campaigns.c.reached).where(campaigns.c.id == campaign.id))
    counted = await world.product.rounds.accounts([campaign])
    await world.press(1, 1)
    await look(world)
    after = await world.rows(select(campaigns.c.reached).where(campaigns.c.id == campaign.id))
    assert before == after
    assert await world.product.rounds.accounts([campaign]) == counted


async def claimed(world: World) -> Delivery:
    (found,) = await world.product.outbox.claim(at=world.clock(), limit=5)
    return found


async def test_what_changes_while_the_alert_is_on_its_way_changes_it_then(world: World) -> None:
    await world.start("help")
    await world.press(1, 1)
    await world.product.looking_after.find()
    on_its_way = await claimed(world)
    assert on_its_way.kind is DeliveryKind.NOTICE
    card = await world.product.looking_after.alert(on_its_way.invitation)
    messenger = world.product.worker.messengers["sandbox"]
    press = await world.press_of(1)
    await world.product.answers.comment(press, Comment("Three days!"))
    ref = await messenger.send(on_its_way.address, card, delivery_id=on_its_way.id)
    await world.product.outbox.sent(on_its_way, ref, at=world.clock())
    await world.product.worker()
    (message,) = await channel(world)
    assert "They wrote: Three days!" in message["lines"]


async def test_a_paused_round_still_alerts(world: World) -> None:
    campaign = await world.start("help")
    await world.product.rounds.move(campaign, CampaignState.PAUSED)
    await world.press(1, 1)
    await look(world)
    assert len(await channel(world)) == 1


async def test_buttons_of_the_channel_work_for_who_sees_it(world: World) -> None:
    await world.start("help")
    await world.press(1, 1)
    await look(world)
    sandbox = world.sandbox()
    (message,) = await channel(world)
    refused = await sandbox.press(2, "take", message=message["id"])
    assert refused["private_text"] == "That button isn't yours to press."
    await sandbox.press(0, "take", message=message["id"])
    (taken,) = await channel(world)
    assert "Ada Okafor has taken it." in taken["lines"]
    form = (await sandbox.press(0, "note", message=message["id"]))["dialog"]
    await sandbox.dialog(0, form["id"], comment="Called them.")
    (noted,) = await channel(world)
    assert "Note: Called them." in noted["lines"]
    await sandbox.press(0, "done", message=message["id"])
    (done,) = await channel(world)
    assert "Done by Ada Okafor." in done["lines"]
    assert [button["label"] for button in done["buttons"]] == ["Note"]
    assert await alerts(world) == []


async def test_a_worse_mark_opens_it_again_and_alerts_again(world: World) -> None:
    await world.start("help")
    await world.press(1, 2)
    await look(world)
    invitation = await world.invitation(1)
    kept = world.product.looking_after.follow_ups
    at = world.clock()
    await kept.change(invitation.id, lambda found: found.done(at=at), at=at)
    world.clock.forward(minutes=1)
    await world.press(1, 4)
    assert await look(world) == Found()
    world.clock.forward(minutes=1)
    await world.press(1, 1)
    assert await look(world) == Found(reopened=1)
    again = await kept.show(invitation.id)
    assert (again.state, again.mark, again.taken_by) == (FollowUpState.OPEN, 1, None)
    await world.product.worker()
    assert len(await channel(world)) == 2


async def test_gated_surveys_alert_nobody(world: World) -> None:
    await world.start("nps")
    await world.press(1, 0)
    assert await look(world) == Found()


async def test_without_a_channel_low_marks_are_found_all_the_same(
    database_url: str, tmp_path: Path
) -> None:
    world = World(database_url, folder=tmp_path, toml=SETTINGS)
    await world.populate(3)
    await world.start("help")
    await world.press(1, 1)
    assert await look(world) == Found(opened=1)
    assert await world.rows(select(deliveries).where(deliveries.c.kind == "notice")) == []
    (found,) = await alerts(world)
    assert found.invitation.person.email == email(1)
    await world.close()


async def test_many_looks_at_once_alert_once(world: World) -> None:
    campaign = await world.start("help")
    for place in range(1, 6):
        await world.press(place, 1)
    looks = [world.product.looking_after.find() for _ in range(4)]
    found = await asyncio.gather(*looks)
    assert sum(one.opened for one in found) == 5
    rows = await world.rows(
        select(func.count())
        .select_from(deliveries)
        .join(invitations)
        .where(invitations.c.campaign_id == campaign.id, deliveries.c.kind == "notice")
    )
    assert rows[0][0] == 5


async def test_two_who_take_it_at_once_are_one(world: World) -> None:
    await world.start("help")
    await world.press(1, 1)
    await look(world)
    invitation = await world.invitation(1)
    kept, at = world.product.looking_after.follow_ups, world.clock()
    people = [await world.product.people.by_email(email(place)) for place in (0, 2)]
    tries = [
        kept.change(invitation.id, lambda found, who=who: found.taken(who, at=at), at=at)  # type: ignore[misc]
        for who in people
    ]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(isinstance(one, Exception) for one in outcomes) == [False, True]


async def test_whoever_is_forgotten_leaves_no_follow_up(world: World) -> None:
    await world.start("help")
    await world.press(1, 1)
    await look(world)
    invitation = await world.invitation(1)
    person = await world.product.people.by_email(email(1))
    assert person is not None
    await world.product.rights.forget(person, at=world.clock())
    with pytest.raises(NotFound):
        await world.product.looking_after.follow_ups.show(invitation.id)
    assert await world.product.looking_after.find(back=timedelta(days=30)) == Found()
    assert await world.rows(select(follow_ups)) == []
    await world.product.worker()
    (message,) = await channel(world)
    assert "Person 1" not in message["text"]


# Figures over spans of time


async def answered(world: World) -> Campaign:
    campaign = await world.start("help")
    for place, mark in enumerate((5, 5, 4, 2, 1)):
        await world.press(place, mark)
    return campaign


async def test_figures_of_a_span_are_those_of_the_seed(world: World) -> None:
    await answered(world)
    world.clock.forward(minutes=1)
    found = await world.product.looking_after.analyse("help")
    shown = found.figures
    assert shown.n == 5
    assert shown.mean is not None
    assert shown.csat_percentage is not None
    assert (round(shown.mean, 2), round(shown.csat_percentage, 1)) == (3.4, 68.0)
    assert shown.top_two == 0.6
    sending = found.sending
    assert (sending.scheduled, sending.sent, sending.answered) == (6, 6, 5)


async def test_what_lies_outside_of_the_span_is_not_in_it(world: World) -> None:
    await answered(world)
    world.clock.forward(days=31)
    found = await world.product.looking_after.analyse("help")
    assert (found.figures.n, found.sending.scheduled) == (0, 0)


async def test_groups_are_told_by_an_attribute(world: World) -> None:
    await answered(world)
    world.clock.forward(minutes=1)
    found = await world.product.looking_after.analyse("help", by="Team")
    assert [(group.value, group.distribution.n) for group in found.groups] == [
        ("Platform", 3),
        ("Sales", 2),
    ]


async def test_fault_63_figures_of_a_gated_survey_have_no_spans(world: World) -> None:
    """Two spans that differ by one person would tell what that person gave."""
    await world.start("nps")
    await world.press(1, 0)
    with pytest.raises(OnlyIdentified):
        await world.product.looking_after.analyse("nps")
    with pytest.raises(OnlyIdentified):
        await world.product.looking_after.analyse.low_marks("nps", limit=5)


async def test_fault_63_a_round_that_promised_no_names_keeps_them(
    database_url: str, tmp_path: Path
) -> None:
    """The settings say identified by now, and what was frozen says otherwise."""
    before = World(database_url, folder=tmp_path, toml=SETTINGS)
    await before.populate(3)
    await before.start("nps")
    await before.press(1, 0)
    later = World(
        database_url,
        folder=tmp_path,
        toml=SETTINGS.replace('subject = "Acme"', 'subject = "Acme"\nmode = "identified"'),
    )
    with pytest.raises(OnlyIdentified):
        await later.product.looking_after.analyse("nps")
    await before.close()
    await later.close()


async def test_low_marks_come_with_who_looks_after_them(world: World) -> None:
    await answered(world)
    await look(world)
    world.clock.forward(minutes=1)
    analyse = world.product.looking_after.analyse
    first = await analyse.low_marks("help", limit=1)
    assert [one.invitation.response.score for one in first] in ([1], [2])
    assert first[0].follow_up is not None
    last = first[0].invitation
    assert last.pressed_at is not None
    rest = await analyse.low_marks("help", before=(last.pressed_at, last.id), limit=5)
    scores = {one.invitation.response.score for one in [*first, *rest]}
    assert scores == {1, 2}


# For programs


@pytest.fixture
async def api(world: World) -> AsyncIterator[httpx.AsyncClient]:
    key = await world.product.keys.make("crm", Role.ADMIN, at=world.clock())
    transport = httpx.ASGITransport(create_server_app(world.product))
    async with httpx.AsyncClient(
        transport=transport,
        base_url="http://localhost",
        headers={"Authorization": f"Bearer {key}"},
    ) as client:
        yield client


async def test_programs_read_low_marks_page_by_page(world: World, api: httpx.AsyncClient) -> None:
    await answered(world)
    await look(world)
    first = (await api.get("/api/v1/follow-ups", params={"limit": 1})).json()
    assert len(first["data"]) == 1
    cursor = first["next_cursor"]
    rest = (await api.get("/api/v1/follow-ups", params={"cursor": cursor})).json()
    assert rest["next_cursor"] is None
    emails = {one["email"] for one in [*first["data"], *rest["data"]]}
    assert emails == {email(3), email(4)}
    bent = await api.get("/api/v1/follow-ups", params={"cursor": f"{cursor}x"})
    assert (bent.status_code, bent.json()["code"]) == (422, "invalid_value")


async def test_programs_look_after_them(world: World, api: httpx.AsyncClient) -> None:
    await answered(world)
    await look(world)
    (one, _) = (await api.get("/api/v1/follow-ups")).json()["data"]
    where = f"/api/v1/follow-ups/{one['id']}"
    taken = await api.patch(where, json={"state": "taken", "taken_by": email(0), "note": "Mine."})
    assert (taken.status_code, taken.json()["taken_by"]) == (200, email(0))
    again = await api.patch(where, json={"state": "taken", "taken_by": email(1)})
    assert (again.status_code, again.json()["code"]) == (409, "already_taken")
    done = await api.patch(where, json={"state": "done"})
    assert (done.json()["state"], done.json()["note"]) == ("done", "Mine.")
    await world.product.worker()
    assert any("Done by Ada Okafor." in message["lines"] for message in await channel(world))
    opened = await api.patch(where, json={"state": "open"})
    assert (opened.json()["state"], opened.json()["taken_by"]) == ("open", None)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"state": "shut"}, 422),
        ({"taken_by": email(0)}, 422),
        ({"state": "taken", "taken_by": "nobody@example.org"}, 422),
        ({"note": "x" * 2_001}, 422),
        ({"status": "done"}, 422),
    ],
)
async def test_what_does_not_fit_changes_nothing(
    world: World, api: httpx.AsyncClient, body: dict[str, str], code: int
) -> None:
    await answered(world)
    await look(world)
    (one, _) = (await api.get("/api/v1/follow-ups")).json()["data"]
    refused = await api.patch(f"/api/v1/follow-ups/{one['id']}", json=body)
    assert refused.status_code == code, refused.text
    assert (await api.get("/api/v1/follow-ups")).json()["data"][0] == one


async def test_programs_read_the_analytics_of_the_seed(
    world: World, api: httpx.AsyncClient
) -> None:
    await answered(world)
    await look(world)
    world.clock.forward(minutes=1)
    told = (await api.get("/api/v1/surveys/help/analytics", params={"by": "team"})).json()
    assert (told["total_responses"], told["avg_rating"], told["csat_percentage"]) == (5, 3.4, 68.0)
    assert told["distribution"][4] == {"rating": 5, "count": 2, "percentage": 40.0}
    assert (told["surveys_sent"], told["response_rate_pct"]) == (6, 83.3)
    assert told["delivery_rate_pct"] == 100.0
    assert [group["responses"] for group in told["groups"]] == [3, 2]
    low = (await api.get("/api/v1/surveys/help/low-ratings")).json()["data"]
    assert {one["rating"] for one in low} == {1, 2}
    assert {one["follow_up"]["state"] for one in low} == {"open"}
    gated = await api.get("/api/v1/surveys/nps/analytics")
    assert (gated.status_code, gated.json()["code"]) == (409, "only_identified")
    unknown = await api.get("/api/v1/surveys/nobody/analytics")
    assert unknown.status_code == 404
    nothing = await api.get("/api/v1/surveys/help/analytics", params={"by": "shoe"})
    assert nothing.status_code == 404


async def test_a_report_in_chat_tells_the_days_that_were_asked_for(world: World) -> None:
    await answered(world)
    world.clock.forward(minutes=1)
    await look(world)
    told = await world.sandbox().say(0, "/nps report help 7 days by team")
    text = told["private_text"]
    assert text.startswith("CSAT 60")
    assert "Mean 3.40 of 5 (68.0" in text
    assert "2 low marks wait for somebody" in text
    assert "Platform" in text
    refused = await world.sandbox().say(0, "/nps report nps 7 days")
    assert "shows no names" in refused["private_text"]
    assert address(email(0)).channel is None
