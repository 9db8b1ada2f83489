"""A small company in the sandbox, for tests to live in."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, Self

import httpx
from sqlalchemy import Executable, func, select

from bot.sealing import Seal, Sealed
from runtime.serving import create_server_app
from runtime.settings import load_settings
from runtime.wiring import Product, put_together
from storage.tables import deliveries, invitations, responses, totals
from survey.campaign import Campaign
from survey.card import Act
from survey.delivery import MessageRef
from survey.invitation import Invitation
from survey.person import Address, Enrolment
from survey.ports import Press
from survey.wording.asked import subject_of
from tests.started import VOXPOP, Started

MONDAY = datetime(2026, 11, 16, 10, 0, tzinfo=UTC)

SETTINGS = """
timezone = "Europe/Berlin"
admins = ["ada@example.org"]
[surveys.nps]
subject = "Acme"
mode = "{mode}"
k = 5
answers = "{answers}"
owner = "the People team"
[surveys.ticket]
scale = "csat"
subject = "our help"
mode = "identified"
rest_days = 0
"""


class TestClock:
    """Time stands still until it is told to go on."""

    __test__ = False

    def __init__(self, at: datetime = MONDAY) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> None:
        self.at += timedelta(**by)


def address(email: str) -> Address:
    return Address(platform="sandbox", workspace="sandbox", user_id=email)


def email(place: int) -> str:
    return "ada@example.org" if place == 0 else f"person{place}@example.org"


class World:
    """The product on a database, with people p0 (Ada, administrator), p1, p2, …"""

    def __init__(
        self,
        database_url: str,
        *,
        folder: Path,
        mode: str = "confidential",
        answers: str = "changeable",
        environ: Mapping[str, str] | None = None,
        toml: str | None = None,
    ) -> None:
        written = SETTINGS.format(mode=mode, answers=answers) if toml is None else toml
        (folder / "voxpop.toml").write_text(written)
        self.environ = {
            "VOXPOP_DATABASE_URL": database_url,
            "VOXPOP_SECRET_KEY": "a-key-for-tests-that-is-long-enough-to-pass",
            "VOXPOP_SANDBOX": "1",
            **(environ or {}),
        }
        self.folder = folder
        self.clock = TestClock()
        self.settings = load_settings(self.environ, folder=folder)
        self.product: Product = put_together(self.settings, clock=self.clock)

    def restarted(self, **environ: str) -> "World":
        """Another process on the same database."""
        again = World.__new__(World)
        again.environ = {**self.environ, **environ}
        again.folder = self.folder
        again.clock = self.clock
        again.settings = load_settings(again.environ, folder=self.folder)
        again.product = put_together(again.settings, clock=self.clock)
        return again

    def survey(self, name: str = "nps", **changes: Any) -> None:
        """Bend a survey's definition before a round starts."""
        surveys = dict(self.product.start.surveys)
        surveys[name] = replace(surveys[name], **changes)
        object.__setattr__(self.product.start, "surveys", surveys)

    async def populate(self, number: int = 12) -> None:
        await self.product.people.enrol(
            [
                Enrolment(
                    email=email(place),
                    name="Ada Okafor" if place == 0 else f"Person {place}",
                    timezone="Europe/Berlin",
                    attributes={
                        "team": ("Platform", "Sales")[place % 2],
                        "badge": f"B{place:04}",
                    },
                    addresses=(address(email(place)),),
                )
                for place in range(number)
            ]
        )

    async def start(self, survey: str = "nps", *, deliver: bool = True, **options: Any) -> Campaign:
        campaign = await self.product.start(survey, at_once=True, **options)
        if deliver:
            await self.product.worker()
        return campaign

    async def invitation(self, place: int) -> Invitation:
        person = await self.product.people.by_email(email(place))
        assert person is not None
        found = await self.product.answers.open_for(person, at=self.clock.at)
        assert found
        return found[0]

    async def press_of(self, place: int, *, by: int | None = None) -> Press:
        return Press(
            subject=subject_of(await self.invitation(place)),
            by=address(email(place if by is None else by)),
            at=self.clock.at,
        )

    async def sealed(self, place: int, value: str, act: Act = Act.SCORE) -> str:
        """What a button of theirs carries, as a chat server hands it back."""
        about = subject_of(await self.invitation(place))
        seal = Seal(self.settings.secret_keys)
        return seal.close(Sealed(act=act, value=value, subject=about, to=address(email(place))))

    async def press(self, place: int, score: int) -> Invitation:
        return await self.product.answers.record(await self.press_of(place), score)

    async def close_round(self, campaign: Campaign) -> None:
        """Close a round and let all of it settle."""
        await self.product.close(campaign)
        self.clock.forward(seconds=10)
        await self.product.close.settle()
        await self.product.worker()

    async def rows(self, statement: Executable) -> list[Any]:
        """What stands in the database, or is changed there, behind the ports' backs."""
        async with self.product.database.write() as connection:
            result = await connection.execute(statement)
            return list(result.all()) if result.returns_rows else []

    async def states(self, campaign: Campaign) -> dict[str, int]:
        """State → first messages of a round."""
        found = await self.rows(
            select(deliveries.c.state, func.count())
            .join(invitations)
            .where(
                invitations.c.campaign_id == campaign.id,
                deliveries.c.kind == "initial",
                deliveries.c.ordinal == 1,
            )
            .group_by(deliveries.c.state)
        )
        return {state: n for state, n in found}  # noqa: C416 - rows are no pairs to mypy

    async def scores(self, campaign: Campaign) -> dict[int, int]:
        """Score → people by the totals, which must be what a recount of the answers finds."""
        kept = select(totals.c.cohort, totals.c.score, func.sum(totals.c.n).label("n")).group_by(
            totals.c.cohort, totals.c.score
        )
        anew = select(responses.c.cohort, responses.c.score, func.count().label("n")).group_by(
            responses.c.cohort, responses.c.score
        )
        told = await self.rows(kept.where(totals.c.campaign_id == campaign.id))
        found = await self.rows(
            anew.where(responses.c.campaign_id == campaign.id, responses.c.score.is_not(None))
        )
        assert {(cohort, score): int(n) for cohort, score, n in told if n} == {
            (cohort, score): n for cohort, score, n in found
        }
        counted: dict[int, int] = {}
        for _, score, n in found:
            counted[score] = counted.get(score, 0) + n
        return counted

    def sandbox(self, *, client: str = "127.0.0.1") -> "Sandbox":
        """The sandbox for programs, over HTTP."""
        app = create_server_app(self.product)
        transport = httpx.ASGITransport(app, client=(client, 1))
        return Sandbox(httpx.AsyncClient(transport=transport, base_url="http://localhost"))

    async def close(self) -> None:
        await self.product.let_go()


class Sandbox:
    """What a chat client does, as JSON over HTTP; everything answers 200 or the test ends."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def post(self, what: str, **body: Any) -> dict[str, Any]:
        answer = await self.http.post(f"/sandbox/api/{what}", json=body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def inbox(self, place: int) -> list[dict[str, Any]]:
        answer = await self.http.get(f"/sandbox/api/inbox/{email(place)}")
        found: list[dict[str, Any]] = answer.json()["messages"]
        return found

    async def press(self, place: int, button: str, *, message: str | None = None) -> dict[str, Any]:
        number = message or (await self.inbox(place))[-1]["id"]
        return await self.post("press", **{"as": email(place)}, message_id=number, button_id=button)

    async def say(self, place: int, text: str, **thread: Any) -> dict[str, Any]:
        return await self.post("say", **{"as": email(place)}, text=text, **thread)

    async def act(self, place: int, context: str) -> dict[str, str]:
        """A sealed button comes back; what it says to that, texts that are not there empty."""
        body = {"as": email(place), "context": context}
        answer = await self.http.post("/sandbox/actions", json=body)
        assert answer.status_code == 200, answer.text
        return {name: text or "" for name, text in answer.json().items()}

    async def dialog(self, place: int, dialog_id: str, **values: str) -> dict[str, Any]:
        body = {"as": email(place), "dialog_id": dialog_id, "values": values}
        return await self.post("dialog", **body)


class Process:
    """`voxpop` as its own process in a folder of its own; what it says is kept in a file."""

    process: Started | subprocess.Popen[bytes]

    def __init__(self, folder: Path, *command: str, **environ: str) -> None:
        self.said = folder / f"said-{time.monotonic_ns()}.txt"
        clean = {name: value for name, value in os.environ.items() if "VOXPOP" not in name}
        with self.said.open("wb") as out:
            self.process = self._begin(command, folder, {**clean, **environ}, out)

    def _begin(
        self, command: tuple[str, ...], folder: Path, environ: dict[str, str], out: IO[bytes]
    ) -> Started | subprocess.Popen[bytes]:
        return Started(command, folder=folder, environ=environ, out=out, err=out)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def until(self, word: str, *, seconds: float = 30) -> str:
        """Wait until it has said this; all that it has said so far."""
        deadline = time.monotonic() + seconds
        while word not in (said := self.said.read_text(errors="replace")):
            assert self.process.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.02)
        return said

    def stop(self, how: signal.Signals = signal.SIGTERM, *, seconds: float = 10) -> int:
        """End it; its exit code."""
        self.process.send_signal(how)
        return self.process.wait(timeout=seconds)


class Script(Process):
    """The same from nothing, as a shell starts it: where the start is part of what is told."""

    def _begin(
        self, command: tuple[str, ...], folder: Path, environ: dict[str, str], out: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - our own command
            [VOXPOP, *command],
            cwd=folder,
            env=environ,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


NOWHERE = MessageRef(channel="nowhere", message="0")
