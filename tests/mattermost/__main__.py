"""`python -m tests.mattermost` serves until it is killed; says where, on one line of JSON."""

import asyncio
import json

from tests.mattermost.server import MattermostServer


async def _serve() -> None:
    async with MattermostServer() as server:
        about = {
            "url": server.url,
            "admin_token": server.admin_token,
            "team_id": server.team.id,
        }
        print(json.dumps(about), flush=True)  # noqa: T201 - whoever started it waits for this
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve())
