"""A product whose users are asked about its features, and the calls that its programs make."""

from pathlib import Path
from typing import Any, Self

import httpx

from runtime.serving import create_server_app
from survey.ports import Role
from tests.world import World

SETTINGS = """
timezone = "Europe/Berlin"
admins = ["ada@example.org"]
[surveys.features]
after = "features"
subject = "our products"
mode = "{mode}"
{more}
[products.suite]
name = "The suite"
[products.suite.features.dashboard]
description = "The first page"
interaction_threshold = 3
rejection_threshold = 2
[products.suite.features.export-csv]
name = "Export as CSV"
interaction_threshold = 2
ask_in_chat = true
[products.suite.features.import-csv]
interaction_threshold = 2
ask_in_chat = true
"""


def company(
    database_url: str,
    folder: Path,
    *,
    mode: str = "identified",
    more: str = "",
    after: str = "",
    **environ: str,
) -> World:
    """A world with such settings."""
    toml = SETTINGS.format(mode=mode, more=more) + after
    return World(database_url, folder=folder, toml=toml, environ=environ)


class Program:
    """What a program does, as JSON over HTTP."""

    def __init__(self, http: httpx.AsyncClient, key: str) -> None:
        self.http = http
        self._headers = {"Authorization": f"Bearer {key}"}

    @classmethod
    async def of(cls, world: World, *, role: Role = Role.ADMIN, name: str = "app") -> Self:
        """A program that has a key."""
        key = await world.product.keys.make(name, role, at=world.clock())
        app = create_server_app(world.product)
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
        return cls(httpx.AsyncClient(transport=transport, base_url="http://localhost"), key)

    async def call(
        self, method: str, path: str, expected: int = 200, **options: Any
    ) -> dict[str, Any]:
        answer = await self.http.request(
            method, f"/api/csat/v1{path}", headers=self._headers, **options
        )
        assert answer.status_code == expected, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def used(self, feature: str, email: str, *, times: int = 1) -> dict[str, Any]:
        """They use it; what the last call is answered."""
        told: dict[str, Any] = {}
        for _ in range(times):
            told = await self.call(
                "POST",
                f"/products/suite/features/{feature}/increment",
                json={"user_email": email},
            )
        return told

    async def rejected(self, feature: str, email: str) -> dict[str, Any]:
        path = f"/products/suite/features/{feature}/reject"
        return await self.call("POST", path, json={"user_email": email})

    async def rated(
        self, feature: str, email: str, rating: int, *, source: str = "prompted", **more: Any
    ) -> dict[str, Any]:
        body = {"user_email": email, "rating": rating, "source": source, **more}
        return await self.call(
            "POST", f"/products/suite/features/{feature}/feedbacks", 201, json=body
        )

    async def state(self, feature: str, email: str) -> dict[str, Any]:
        """How they use one feature."""
        told = await self.call(
            "GET", "/products/suite/feature-interactions", params={"user_email": email}
        )
        return next(one for one in told["data"] if one["product_feature_key"] == feature)

    async def figures(self, feature: str, what: str, **params: Any) -> dict[str, Any]:
        path = f"/analytics/products/suite/features/{feature}/{what}"
        return await self.call("GET", path, params=params)
