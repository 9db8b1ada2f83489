"""What a person does, as the app is told: presses, modals, commands and words."""

from dataclasses import dataclass, field, replace
from typing import Any

from tests.slack.errors import SlackError
from tests.slack.events import Events
from tests.slack.hooks import Hooks
from tests.slack.identity import new_word
from tests.slack.limits import check_view
from tests.slack.methods_chat import Views
from tests.slack.outgoing import Kind, Outgoing, Reply
from tests.slack.posts import Posts, stored
from tests.slack.records import Channel, Json, Message, User, View, Workspace
from tests.slack.state import State

LATE = "operation_timeout"
TROUBLE = "We had some trouble connecting. Try again?"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of it.

    Attributes:
        status: The app's; 0 where it didn't answer.
        body: What it answered.
        error: What Slack shows instead: a sentence or a word; empty where all is well.
        errors: What is wrong with the fields of a modal, by block id.
        seconds: How long the app took.
        payload: What the app was told.
    """

    status: int
    body: Any
    error: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    payload: Json = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not self.error and not self.errors


class Interactions:
    """The ways from a person to the app."""

    def __init__(
        self,
        state: State,
        posts: Posts,
        views: Views,
        hooks: Hooks,
        events: Events,
        outgoing: Outgoing,
    ) -> None:
        self._state = state
        self._posts = posts
        self._views = views
        self._hooks = hooks
        self._events = events
        self._outgoing = outgoing

    # Presses

    async def press(self, user: User, message: Message, action: Json, values: Json) -> Answer:
        """An element of a message."""
        channel = self._state.channels[message.channel]
        private = bool(message.seen_by)
        container: Json = {"type": "message", "message_ts": message.ts, "channel_id": channel.id}
        payload = self._about(user) | {
            "type": "block_actions",
            "container": {**container, "is_ephemeral": private},
            "channel": {"id": channel.id, "name": channel.shown_name},
            "response_url": self._hooks.open(user, channel, message),
            "state": {"values": values},
            "actions": [self._acted(action)],
        }
        if not private:
            payload["message"] = message.wire()
        return _seen(await self._outgoing.send(Kind.PRESS, payload))

    async def press_view(self, user: User, view: View, action: Json, values: Json) -> Answer:
        """An element of a modal or of the Home tab."""
        payload = self._about(user) | {
            "type": "block_actions",
            "container": {"type": "view", "view_id": view.id},
            "view": view.wire(values),
            "actions": [self._acted(action)],
        }
        return _seen(await self._outgoing.send(Kind.PRESS, payload))

    async def shortcut(self, user: User, callback_id: str) -> Answer:
        """A global shortcut."""
        payload = self._about(user) | {"type": "shortcut", "callback_id": callback_id}
        payload["action_ts"] = self._state.clock.stamp()
        return _seen(await self._outgoing.send(Kind.PRESS, payload))

    # Modals

    async def submit(self, user: User, view: View, values: Json) -> Answer:
        """A modal, filled in."""
        about = {"type": "view_submission", "view": view.wire(values), "response_urls": []}
        reply = await self._outgoing.send(Kind.PRESS, self._about(user) | about)
        if reply.wrong:
            return _seen(reply, TROUBLE)
        try:
            return self._follow(user, view, reply)
        except SlackError:
            return _seen(reply, TROUBLE)

    async def close(self, user: User, view: View) -> Answer | None:
        """A modal, closed unfilled; the app hears of it where it wants to."""
        self._drop(user, view)
        if not view.said.get("notify_on_close"):
            return None
        about = {"type": "view_closed", "view": view.wire(), "is_cleared": False}
        told = self._about(user) | about
        del told["trigger_id"]
        return _seen(await self._outgoing.send(Kind.PRESS, told))

    def _follow(self, user: User, view: View, reply: Reply) -> Answer:
        body = reply.body if isinstance(reply.body, dict) else {}
        match body.get("response_action"):
            case "errors":
                asked = {block["block_id"] for block in view.said["blocks"]}
                errors = body.get("errors") or {}
                if not errors or set(errors) - asked:
                    return _seen(reply, TROUBLE)
                return replace(_seen(reply), errors=errors)
            case "clear":
                self._state.modals.pop(user.id, None)
            case "update":
                self._views.replace(view, check_view(body.get("view"), "modal"))
            case "push":
                said = check_view(body.get("view"), "modal")
                bot = self._state.workspaces[user.team_id].bot
                assert bot is not None, "who submits a modal was shown it by the app"
                made = self._views.made(user.team_id, bot, user, said)
                self._state.modals[user.id].append(made)
            case None:
                self._drop(user, view)
            case _:
                return _seen(reply, TROUBLE)
        return _seen(reply)

    def _drop(self, user: User, view: View) -> None:
        stack = self._state.modals.get(user.id, [])
        if view in stack:
            stack.remove(view)

    # Words

    async def command(self, user: User, channel: Channel, line: str) -> Answer:
        """A slash command, and what comes of the answer to it."""
        word, _, text = line.partition(" ")
        workspace = self._state.workspaces[user.team_id]
        payload = {
            "token": self._state.app.verification_token,
            "team_id": workspace.id,
            "team_domain": workspace.domain,
            "channel_id": channel.id,
            "channel_name": channel.shown_name,
            "user_id": user.id,
            "user_name": user.name,
            "command": word,
            "text": text.strip(),
            "api_app_id": self._state.app.id,
            "is_enterprise_install": "false",
            "response_url": self._hooks.open(user, channel, None, kind="commands"),
            "trigger_id": self._state.trigger(user),
        }
        reply = await self._outgoing.send(Kind.COMMAND, payload)
        if reply.wrong:
            why = LATE if reply.wrong == "http_timeout" else "dispatch_failed"
            return _seen(reply, f"{word} failed with the error {why}")
        said = {"text": reply.body} if isinstance(reply.body, str) else reply.body
        if isinstance(said, dict) and (said.get("text") or said.get("blocks")):
            try:
                self._hooks.say(user, channel, None, said)
            except SlackError as error:
                return _seen(reply, f"{word} failed with the error {error.error}")
        return _seen(reply)

    def write(self, user: User, channel: Channel, text: str, thread_ts: str = "") -> Message:
        """A message of a person's own."""
        workspace = self._state.workspaces[user.team_id]
        section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
        return self._posts.post(
            workspace,
            user,
            channel,
            text=stored(text),
            blocks=[{"type": "rich_text", "elements": [section]}] if text else [],
            thread_ts=thread_ts,
            client_msg_id=new_word(32),
        )

    def open_home(self, user: User, workspace: Workspace, tab: str) -> str:
        """The app's page; the id of the event, if it is told."""
        bot = workspace.bot
        assert bot is not None, "an app has a page where it is installed"
        channel, _ = self._state.direct(bot, user)
        event: Json = {"type": "app_home_opened", "user": user.id, "channel": channel.id}
        event |= {"tab": tab, "event_ts": self._state.clock.stamp()}
        home = self._state.homes.get(user.id)
        if tab == "home" and home is not None:
            event["view"] = home.wire()
        return self._events.tell(workspace, event)

    # What is said with each

    def _about(self, user: User) -> Json:
        workspace = self._state.workspaces[user.team_id]
        who = {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id}
        return {
            "user": who,
            "api_app_id": self._state.app.id,
            "token": self._state.app.verification_token,
            "team": {"id": workspace.id, "domain": workspace.domain},
            "enterprise": None,
            "is_enterprise_install": False,
            "trigger_id": self._state.trigger(user),
        }

    def _acted(self, action: Json) -> Json:
        return {**action, "action_ts": self._state.clock.stamp()}


def _seen(reply: Reply, error: str = "") -> Answer:
    return Answer(
        status=reply.status,
        body=reply.body,
        error=error or reply.wrong,
        seconds=reply.seconds,
        payload=reply.payload,
    )
