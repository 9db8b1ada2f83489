"""Somebody who opens the links of their mail, on the product as it is put together."""

from dataclasses import dataclass
from datetime import timedelta

import httpx

from survey.ports import Link, Purpose
from survey.wording.asked import subject_of
from tests.world import World


@dataclass(frozen=True)
class Visit:
    """Somebody with the links of their mail."""

    world: World
    web: httpx.AsyncClient
    place: int

    async def path(self, purpose: Purpose = Purpose.ANSWER) -> str:
        made = self.world.clock().replace(microsecond=0) - timedelta(hours=1)
        about = subject_of(await self.world.invitation(self.place))
        link = Link(
            subject=about, locale="en", issued_at=made, expires_at=made + timedelta(days=30)
        )
        return f"/{purpose.value}/{self.world.product.links.token(link, purpose)}"

    async def post(self, purpose: Purpose = Purpose.ANSWER, **form: object) -> httpx.Response:
        return await self.web.post(
            await self.path(purpose), data={name: str(value) for name, value in form.items()}
        )

    async def answer(self) -> tuple[int | None, str | None]:
        found = (await self.world.invitation(self.place)).response
        return found.score, found.comment


async def visit(world: World, web: httpx.AsyncClient, place: int = 3) -> Visit:
    await world.populate()
    await world.start()
    return Visit(world, web, place)
