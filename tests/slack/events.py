"""The Events API: each event is sent until it is acknowledged, four times at most."""

import asyncio
from typing import Any

from tests.slack.identity import new_id
from tests.slack.outgoing import Kind, Outgoing, Reply
from tests.slack.records import Json, Workspace
from tests.slack.state import State


class Events:
    """What happened, as the app is told.

    Attributes:
        delays: Seconds before each further attempt. Slack's are about 0, 60 and 300.
        sent: All envelopes by event id.
    """

    def __init__(self, state: State, outgoing: Outgoing) -> None:
        self._state = state
        self._outgoing = outgoing
        self.delays: tuple[float, ...] = (0.0, 0.05, 0.1)
        self.sent: dict[str, Json] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def tell(self, workspace: Workspace, event: Json) -> str:
        """Sends an event soon, if the app is subscribed to it; its id, or nothing."""
        kind = event["type"]
        name = f"{kind}.{event['channel_type']}" if "channel_type" in event else kind
        if name not in self._state.app.events or not self._outgoing.reaches(Kind.EVENT):
            return ""
        envelope = self._envelope(workspace, event)
        self.sent[envelope["event_id"]] = envelope
        task = asyncio.get_running_loop().create_task(self._deliver(envelope))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return str(envelope["event_id"])

    async def again(self, event_id: str, *, retry: int = 1, reason: str = "http_timeout") -> Reply:
        """Sends an event once more, although it was acknowledged."""
        return await self._outgoing.send(
            Kind.EVENT, self.sent[event_id], retry=retry, reason=reason
        )

    async def settled(self) -> None:
        """Until everything so far is acknowledged or given up."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _deliver(self, envelope: Json) -> None:
        reply = await self._outgoing.send(Kind.EVENT, envelope)
        for number, delay in enumerate(self.delays, start=1):
            told = {name.lower(): value for name, value in reply.answered.items()}
            if not reply.wrong or told.get("x-slack-no-retry") == "1":
                return
            await asyncio.sleep(delay)
            reason = reply.wrong
            reply = await self._outgoing.send(Kind.EVENT, envelope, retry=number, reason=reason)

    def _envelope(self, workspace: Workspace, event: Json) -> Json:
        app = self._state.app
        authorization: dict[str, Any] = {
            "enterprise_id": None,
            "team_id": workspace.id,
            "user_id": workspace.bot_user_id,
            "is_bot": True,
            "is_enterprise_install": False,
        }
        return {
            "token": app.verification_token,
            "team_id": workspace.id,
            "context_team_id": workspace.id,
            "context_enterprise_id": None,
            "api_app_id": app.id,
            "event": event,
            "type": "event_callback",
            "event_id": new_id("Ev"),
            "event_time": int(self._state.clock.now()),
            "authorizations": [authorization],
            "is_ext_shared_channel": False,
            "event_context": new_id("4-"),
        }
