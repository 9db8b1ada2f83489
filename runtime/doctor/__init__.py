"""`voxpop doctor`: what is wrong here, and how to mend it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from runtime.doctor.findings import Finding
from runtime.settings import Settings, load_settings
from storage.engine import Database, open_database
from storage.schema import SchemaState, schema_state
from storage.tombstones import MEND_UNREADABLE, Tombstones, told_unreadable
from survey.errors import VoxpopError
from survey.localtime import zone

MAX_DRIFT = timedelta(seconds=5)
"""How far our clock may be from the database's."""


async def examine(environ: Mapping[str, str], *, folder: Path) -> list[Finding]:
    """Look at everything that must be right before people are asked."""
    try:
        settings = load_settings(environ, folder=folder)
    except VoxpopError as error:
        return [
            Finding(name="settings", fine=False, says=str(error), mend="mend them and try again")
        ]
    findings = [
        Finding(name="settings", fine=True),
        _surveys(settings),
        _administrators(settings),
        _zones(),
    ]
    database = open_database(settings.database_url)
    try:
        findings.extend(await _database(database, settings))
    finally:
        await database.close()
    findings.append(_platforms(settings))
    if settings.mattermost is not None:
        # The driver takes longer to load than all the rest.
        from runtime.doctor.mattermost import examine_mattermost  # noqa: PLC0415

        findings.extend(await examine_mattermost(settings, settings.mattermost))
    if settings.slack is not None:
        # The same.
        from runtime.doctor.slack import examine_slack  # noqa: PLC0415

        findings.extend(await examine_slack(settings, settings.slack))
    if settings.email is not None:
        # The same.
        from runtime.doctor.email import examine_email  # noqa: PLC0415

        findings.extend(await examine_email(settings.email))
    if settings.archive_url is not None or settings.model is not None:
        # The same.
        from runtime.doctor.insights import examine_insights  # noqa: PLC0415

        findings.extend(await examine_insights(settings))
    return findings


def _surveys(settings: Settings) -> Finding:
    if settings.surveys:
        notices = " ".join(settings.notices)
        return Finding(name="surveys", fine=True, mend=notices)
    return Finding(
        name="surveys",
        fine=False,
        says="none is defined",
        mend='define one in voxpop.toml: [surveys.nps] with subject = "Acme"',
    )


def _administrators(settings: Settings) -> Finding:
    if settings.administrators:
        return Finding(name="administrators", fine=True)
    return Finding(
        name="administrators",
        fine=False,
        says="nobody may read reports in chat",
        mend="set VOXPOP_ADMINS to e-mail addresses",
    )


def _zones() -> Finding:
    try:
        # A zone whose rules changed lately enough to show whether the data is current.
        cairo = zone("Africa/Cairo")
    except VoxpopError:
        return Finding(
            name="time zones", fine=False, says="no data", mend="install the package tzdata"
        )
    summer = datetime(2026, 7, 1, tzinfo=UTC).astimezone(cairo)
    if summer.utcoffset() != timedelta(hours=3):
        return Finding(
            name="time zones", fine=False, says="outdated", mend="upgrade the package tzdata"
        )
    return Finding(name="time zones", fine=True)


async def _database(database: Database, settings: Settings) -> list[Finding]:
    try:
        async with database.read() as connection:
            told = await connection.scalar(
                select(func.strftime("%Y-%m-%dT%H:%M:%f", "now"))
                if database.is_sqlite
                else select(func.now())
            )
        state, revision = await schema_state(database)
    except VoxpopError as error:
        cause = error.__cause__
        return [
            Finding(
                name="database",
                fine=False,
                says=str(error) if cause is None else f"{error} ({type(cause).__name__})",
                mend="check VOXPOP_DATABASE_URL and that the server is up",
            )
        ]
    theirs = datetime.fromisoformat(told).replace(tzinfo=UTC) if isinstance(told, str) else told
    drift = abs(datetime.now(UTC) - theirs) if isinstance(theirs, datetime) else timedelta(0)
    keys = [await _forgotten(database, settings)] if state.serves else []
    return [
        Finding(name="database", fine=True),
        *keys,
        _schema(state, revision, upgrades_itself=database.is_sqlite),
        Finding(
            name="clock",
            fine=drift <= MAX_DRIFT,
            says=f"{drift.total_seconds():.0f} s from the database's",
            mend="" if drift <= MAX_DRIFT else "synchronise the clocks",
        ),
    ]


async def _forgotten(database: Database, settings: Settings) -> Finding:
    async with database.read() as connection:
        lost = await Tombstones(settings.secret_keys).unreadable(connection)
    if not lost:
        return Finding(name="forgotten people", fine=True)
    return Finding(
        name="forgotten people",
        fine=False,
        says=f"{told_unreadable(lost)}, so no roster comes in",
        mend=MEND_UNREADABLE,
    )


def _schema(state: SchemaState, revision: str, *, upgrades_itself: bool) -> Finding:
    fine = state.serves or (upgrades_itself and state is not SchemaState.NEWER)
    mend = "start the newer Voxpop" if state is SchemaState.NEWER else "run `voxpop db upgrade`"
    return Finding(
        name="schema", fine=fine, says=f"{state.value} {revision}", mend="" if fine else mend
    )


def _platforms(settings: Settings) -> Finding:
    if settings.platforms == ("sandbox",):
        return Finding(name="platforms", fine=True, mend="the sandbox only")
    if settings.sandbox or any(
        one is not None for one in (settings.mattermost, settings.slack, settings.email)
    ):
        return Finding(name="platforms", fine=True)
    return Finding(
        name="platforms",
        fine=False,
        says="none is switched on",
        mend="set VOXPOP_MATTERMOST__URL and run `voxpop mattermost setup`, or paste what `voxpop "
        "slack manifest` prints into Slack, or set VOXPOP_EMAIL__SMTP_URL and VOXPOP_EMAIL__FROM, "
        "or set VOXPOP_SANDBOX=1 to try Voxpop in the browser",
    )
