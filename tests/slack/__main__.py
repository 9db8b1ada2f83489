"""`python -m tests.slack` serves until it is killed; says where, on one line of JSON."""

import asyncio
import json

from tests.slack.server import SlackServer


async def _serve() -> None:
    async with SlackServer() as server:
        about = {
            "url": server.url,
            "api_url": server.api_url,
            "bot_token": server.bot_token,
            "app_token": server.app_token,
            "signing_secret": server.signing_secret,
            "team_id": server.home.id,
        }
        print(json.dumps(about), flush=True)  # noqa: T201 - whoever started it waits for this
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve())
