"""`voxpop db`, `survey` and `doctor`: what operators look after."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from runtime import clock
from runtime.cli.common import fail, settings_here, show, with_product
from runtime.doctor import examine
from runtime.restored import settle_restored
from runtime.settings import load_settings
from runtime.wiring import Product
from storage.backup import back_up
from storage.engine import open_database
from storage.schema import SchemaState, schema_state
from storage.schema import upgrade as upgrade_schema
from survey.errors import VoxpopError
from survey.localtime import zone
from survey.usecases.next_rounds import NextRounds

database = typer.Typer(help="The database: its schema, and copies of it.", no_args_is_help=True)
surveys = typer.Typer(help="The surveys that the settings define.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="For programs.")]


@database.command()
def upgrade() -> None:
    """Bring the schema to this version."""
    settings = settings_here()

    async def work() -> str:
        opened = open_database(settings.database_url)
        try:
            return await upgrade_schema(opened)
        finally:
            await opened.close()

    sys.stdout.write(f"The schema is at {asyncio.run(work())}.\n")


@database.command()
def check() -> None:
    """Tell whether the schema fits this version; exit 1 if it does not."""
    settings = settings_here()

    async def work() -> tuple[SchemaState, str]:
        opened = open_database(settings.database_url)
        try:
            return await schema_state(opened)
        finally:
            await opened.close()

    state, revision = asyncio.run(work())
    if state.serves:
        how = "is current" if state is SchemaState.CURRENT else "is newer and serves this version"
        sys.stdout.write(f"The schema is at {revision}, which {how}.\n")
        return
    mends = {
        SchemaState.EMPTY: "There is no schema yet: run `voxpop db upgrade`.",
        SchemaState.OLDER: f"The schema is at {revision}, which is older: run `voxpop db upgrade`.",
        SchemaState.NEWER: (
            f"The schema is at {revision}, made by a newer Voxpop, and no longer serves this one: "
            "start the newer one."
        ),
    }
    fail(mends[state])


@database.command()
def backup(
    file: Annotated[Path, typer.Argument(help="A new file; nothing is overwritten.")],
) -> None:
    """Copy the database into a file while everything goes on, and check the copy."""
    settings = settings_here()

    async def work() -> int:
        opened = open_database(settings.database_url)
        try:
            await schema_state(opened)
            return await back_up(opened, file)
        finally:
            await opened.close()

    size = asyncio.run(work())
    beside = " and the journal of erasures" if settings.erasures is not None else ""
    sys.stdout.write(
        f"{file} has the database, {size:,} bytes, checked. The secret key is not in it: keep "
        f"that{beside} in another place.\n"
    )


@database.command()
def restored() -> None:
    """Say that a backup was put back: nothing goes out twice, and who was forgotten stays so."""

    async def work(product: Product) -> tuple[int, int] | None:
        return await settle_restored(product, told=True)

    forgotten, looked_up = with_product(work) or (0, 0)
    sys.stdout.write(
        f"{looked_up} messages will be looked up before they are sent; {forgotten} people were "
        "forgotten again.\n"
    )


@surveys.command("list")
def list_surveys(*, as_json: Json = False) -> None:
    """List the surveys."""
    settings = settings_here()
    found = settings.surveys.values()
    ahead = NextRounds(surveys=settings.surveys, zone=zone(settings.timezone), clock=clock.now)
    next_start = {name: start.isoformat(" ", "minutes") for name, start in ahead()}
    show(
        [
            "survey",
            "scale",
            "subject",
            "mode",
            "k",
            "answers",
            "open_days",
            "rest_days",
            "asks_after",
            "schedule",
            "next_start",
        ],
        [
            (
                survey.name,
                survey.scale.name,
                survey.subject,
                survey.mode.value,
                survey.k,
                survey.answers.value,
                survey.open_days,
                survey.rest_days,
                None if survey.after is None else survey.after.value,
                survey.schedule,
                next_start.get(survey.name),
            )
            for survey in found
        ],
        as_json=as_json,
    )


@surveys.command("check")
def check_surveys(
    file: Annotated[
        Path | None, typer.Argument(help="A settings file; voxpop.toml if left out.")
    ] = None,
) -> None:
    """Check the settings; exit 1 with a line per mistake."""
    environment = dict(os.environ)
    if file is not None:
        environment["VOXPOP_CONFIG"] = str(file)
    settings = load_settings(environment, folder=Path.cwd())
    for notice in settings.notices:
        sys.stdout.write(f"{notice}\n")
    names = (
        ", ".join(
            name if survey.after is None else f"{name} (asks after: {survey.after.value})"
            for name, survey in settings.surveys.items()
        )
        or "none"
    )
    sys.stdout.write(f"The settings are in order; surveys: {names}.\n")


def doctor(*, as_json: Json = False) -> None:
    """Check settings, database, clock and time zones: a line each, with its mend."""
    try:
        findings = asyncio.run(examine(os.environ, folder=Path.cwd()))
    except VoxpopError as error:
        fail(str(error))
    show(
        ["check", "result", "mend"],
        [(found.name, "ok" if found.fine else found.says, found.mend) for found in findings],
        as_json=as_json,
    )
    if not all(found.fine for found in findings):
        sys.exit(1)
