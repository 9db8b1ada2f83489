"""Administrators' e-mails are tied to the account that came first, on real databases."""

import asyncio
from dataclasses import replace

from sqlalchemy import select

from storage.tables import administrator_pins, people
from survey.audit import Line
from survey.person import Address
from survey.ports import Pin
from tests.world import World, address

ADA = address("ada@example.org")
OTHER = replace(ADA, user_id="somebody-else")


async def actions(world: World) -> list[tuple[str, str, str]]:
    lines: list[Line] = [*await world.product.audit.latest(100)][::-1]
    return [(line.entry.action, line.entry.actor, line.entry.about) for line in lines]


async def present(world: World, by: Address) -> str:
    pin = await world.product.pins.present("ada@example.org", by, at=world.clock())
    return pin.address.user_id


async def confirm(world: World, user_id: str, *, platform: str = "sandbox") -> list[Pin]:
    confirmed = await world.product.pins.confirm(
        "ada@example.org",
        platform=platform,
        user_id=user_id,
        actor="command line (root)",
        at=world.clock(),
    )
    return list(confirmed)


async def test_the_first_account_is_pinned_and_passes_from_then_on(world: World) -> None:
    for _ in range(3):
        assert await present(world, ADA) == ADA.user_id
    assert await actions(world) == [
        ("administrator.pinned", "ada@example.org", "sandbox:ada@example.org")
    ]


async def test_another_account_is_noted_once_however_often_it_tries(world: World) -> None:
    await present(world, ADA)
    for _ in range(3):
        assert await present(world, OTHER) == ADA.user_id
    (row,) = await world.rows(select(administrator_pins))
    assert (row.user_id, row.claimed_by) == (ADA.user_id, "somebody-else")
    assert [action for action, _, _ in await actions(world)] == [
        "administrator.pinned",
        "administrator.claimed",
    ]


async def test_of_many_who_come_at_once_one_is_pinned(world: World) -> None:
    accounts = [replace(ADA, user_id=f"account{place}") for place in range(8)]
    pinned = await asyncio.gather(*(present(world, one) for one in accounts))
    assert len(set(pinned)) == 1
    noted = [action for action, _, _ in await actions(world)]
    assert noted.count("administrator.pinned") == 1
    assert (await world.product.audit.verify()).whole


async def test_each_workspace_has_a_pin_of_its_own(world: World) -> None:
    await present(world, ADA)
    elsewhere = replace(OTHER, workspace="elsewhere")
    assert await present(world, elsewhere) == "somebody-else"
    assert len(await world.product.pins.all()) == 2


async def test_confirming_ties_to_the_claimant_and_needs_one(world: World) -> None:
    await present(world, ADA)
    assert await confirm(world, "somebody-else") == []
    await present(world, OTHER)
    (pin,) = await confirm(world, "somebody-else")
    assert (pin.address, pin.claimed_by) == (OTHER, None)
    assert await present(world, OTHER) == "somebody-else"
    assert await present(world, ADA) == "somebody-else"
    assert (await actions(world))[2:] == [
        (
            "administrator.confirmed",
            "command line (root)",
            "ada@example.org as sandbox:somebody-else",
        ),
        ("administrator.claimed", "ada@example.org", "sandbox:ada@example.org"),
    ]


async def test_only_the_account_that_was_looked_at_is_confirmed(world: World) -> None:
    await present(world, ADA)
    await present(world, OTHER)
    assert await confirm(world, "somebody-else", platform="slack") == []
    await present(world, replace(ADA, user_id="quicker"))  # between the look and the word
    assert await confirm(world, "somebody-else") == []
    assert await present(world, ADA) == ADA.user_id


async def test_somebody_who_took_over_an_administrators_e_mail_is_refused_in_chat(
    world: World,
) -> None:
    chat = world.sandbox()
    async with chat.http:
        assert "Nobody has asked" not in (await chat.say(0, "/nps status"))["private_text"]
        async with world.product.database.write() as connection:
            await connection.execute(administrator_pins.update().values(user_id="her-old-account"))
        for _ in range(2):
            said = (await chat.say(0, "/nps start"))["private_text"]
            assert said.startswith("The address ada@example.org is tied to another account")
            assert "voxpop admin confirm ada@example.org" in said
        noted = [action for action, _, _ in await actions(world)]
        assert noted.count("administrator.claimed") == 1
        assert noted[-2:] == ["command.refused", "command.refused"]
        assert await confirm(world, "ada@example.org")
        assert "This goes to" in (await chat.say(0, "/nps preview"))["private_text"]


async def test_an_account_that_the_settings_name_needs_no_pin(world: World) -> None:
    named = world.restarted(VOXPOP_ADMINS="sandbox:person1@example.org")
    chat = named.sandbox()
    try:
        async with chat.http:
            assert "This goes to" in (await chat.say(1, "/nps preview"))["private_text"]
            refused = (await chat.say(0, "/nps preview"))["private_text"]
            assert refused == "That is for survey administrators."
        assert await world.product.pins.all() == []
    finally:
        await named.close()


async def test_whoever_has_left_is_no_administrator_and_keeps_their_rights(world: World) -> None:
    named = world.restarted(VOXPOP_ADMINS="ada@example.org,sandbox:person1@example.org")
    try:
        chat = named.sandbox()
        async with chat.http:
            for place in (0, 1):
                assert "Only" not in (await chat.say(place, "/nps preview"))["private_text"]
            await named.rows(people.update().where(people.c.id < 3).values(active=False))
            for place in (0, 1):
                refused = (await chat.say(place, "/nps preview"))["private_text"]
                assert "This goes to" not in refused
                assert "/nps preview" not in (await chat.say(place, "/nps help"))["private_text"]
                own = (await chat.say(place, "/nps mydata"))["private_text"]
                assert own.startswith("Everything that I know of you")
                assert (await chat.say(place, "/nps optin"))["private_text"]
                asked = (await chat.say(place, "/nps forget"))["private_text"]
                assert asked.startswith("Shall I forget you?")
    finally:
        await named.close()
