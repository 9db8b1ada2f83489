"""A small company in the sandbox, for tests to live in."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from runtime.settings import load_settings
from runtime.wiring import Product, put_together
from survey.campaign import Campaign
from survey.delivery import MessageRef
from survey.invitation import Invitation
from survey.person import Address, Enrolment
from survey.ports import Press
from survey.wording.asked import subject_of

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
    ) -> None:
        (folder / "voxpop.toml").write_text(SETTINGS.format(mode=mode, answers=answers))
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

    async def press(self, place: int, score: int) -> Invitation:
        return await self.product.answers.record(await self.press_of(place), score)

    async def close_round(self, campaign: Campaign) -> None:
        """Close a round and let all of it settle."""
        await self.product.close(campaign)
        self.clock.forward(seconds=10)
        await self.product.close.settle()
        await self.product.worker()

    async def close(self) -> None:
        await self.product.let_go()


NOWHERE = MessageRef(channel="nowhere", message="0")
