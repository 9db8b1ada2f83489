"""Slash commands, and the late answers to them."""

import json
from typing import Any
from urllib.parse import urlencode

from tests.mattermost.attachments import normalise, slack_links, stripped, without_slack_links
from tests.mattermost.errors import ApiError, bad_body, forbidden
from tests.mattermost.golang import generic, json_complaint
from tests.mattermost.identity import new_id
from tests.mattermost.integration import Callback, Integrations, Unreachable
from tests.mattermost.posts import Posts
from tests.mattermost.records import Post, User
from tests.mattermost.registrations import Command, Hook
from tests.mattermost.state import State

HOOK_MS = 30 * 60 * 1000
HOOK_USES = 5
RESPONSE_TEXTS = ("response_type", "text", "username", "channel_id", "icon_url", "type")
SETTABLE = (
    "trigger",
    "url",
    "method",
    "username",
    "icon_url",
    "auto_complete",
    "auto_complete_desc",
    "auto_complete_hint",
    "display_name",
    "description",
)


class Commands:
    """The slash commands of all teams."""

    def __init__(self, state: State, posts: Posts, integrations: Integrations) -> None:
        self._state = state
        self._posts = posts
        self._integrations = integrations

    def create(self, user: User, told: dict[str, Any]) -> Command:
        """A new one.

        Raises:
            ApiError: 403, the user may not; 400, the word is taken.
        """
        team_id = str(told.get("team_id"))
        self._state.require_team(user, team_id, "manage_slash_commands")
        now = self._state.clock.now()
        what = {key: told[key] for key in SETTABLE if key in told}
        if not what.get("trigger") or not str(what.get("url", "")).startswith("http"):
            raise bad_body("command")
        made = Command(
            **{**what, "trigger": what["trigger"].lower()},
            id=new_id(),
            token=new_id(),
            create_at=now,
            update_at=now,
            creator_id=user.id,
            team_id=team_id,
        )
        if self._find(team_id, made.trigger) is not None:
            message = "This trigger word is already in use. Please choose another word."
            raise ApiError(400, "api.command.duplicate_trigger.app_error", message)
        self._state.commands[made.id] = made
        return made

    def managed(self, user: User, command_id: str) -> Command:
        """One that the user may change.

        Raises:
            ApiError: 403, may not; 404, there is none.
        """
        found = self._state.commands.get(command_id)
        if found is None:
            message = "Unable to find the command."
            raise ApiError(404, "store.sql_command.get.missing.app_error", message)
        self._state.require_team(user, found.team_id, "manage_slash_commands")
        return found

    def update(self, user: User, command_id: str, told: dict[str, Any]) -> Command:
        """Everything that may be set; what is not told is emptied. The token stays."""
        if told.get("id") != command_id:
            raise bad_body("command")
        command = self.managed(user, command_id)
        if told.get("team_id") not in {None, "", command.team_id}:
            message = "Unable to update commands across teams."
            raise ApiError(400, "api.command.team_mismatch.app_error", message)
        fresh = {"auto_complete": False, **dict.fromkeys(SETTABLE, "")}
        for key in SETTABLE:
            setattr(command, key, told.get(key, fresh[key]))
        command.auto_complete = bool(command.auto_complete)
        command.update_at = self._state.clock.now()
        return command

    def new_token(self, command: Command) -> str:
        """The old one is worth nothing from now on."""
        command.token, command.update_at = new_id(), self._state.clock.now()
        return command.token

    async def execute(self, user: User, told: dict[str, Any]) -> dict[str, Any]:
        """What somebody typed.

        Raises:
            ApiError: 404, no such command; 500, the integration refused or can't be understood.
        """
        line, channel_id = str(told.get("command") or ""), str(told.get("channel_id") or "")
        if len(line) < 2 or not line.startswith("/"):
            raise bad_body("command")
        channel = self._state.require_channel(user, channel_id, "use_slash_commands")
        team_id = channel.team_id or str(told.get("team_id") or "")
        team = self._state.require_team(user, team_id, "use_slash_commands")
        word, _, text = line.partition(" ")
        trigger = word[1:].lower()
        command = self._find(team.id, trigger)
        if command is None:
            message = (
                f"Command with a trigger of '{trigger}' not found. To send a message beginning "
                'with "/", try adding an empty space at the beginning of the message.'
            )
            raise ApiError(404, "api.command.execute_command.not_found.app_error", message)
        short, trigger_id = self._state.signing.trigger(user.id)
        hook = self._hook(user, command, channel_id, team_id, str(told.get("root_id") or ""))
        site = self._state.config["ServiceSettings"]["SiteURL"]
        form = {
            "channel_id": channel.id,
            "channel_name": channel.name,
            "command": f"/{trigger}",
            "response_url": f"{site}/hooks/commands/{hook.id}",
            "team_domain": team.name,
            "team_id": team.id,
            "text": text,
            "token": command.token,
            "trigger_id": trigger_id,
            "user_id": user.id,
            "user_name": user.username,
        }
        response = await self._ask(command, form)
        self._deliver(hook, response)
        return {**_shown(response), "trigger_id": short}

    def answer_late(self, hook_id: str, content_type: str, body: str) -> None:
        """An answer by `response_url`.

        Raises:
            ApiError: 404, no such address, or older than 30 min; 400, used five times.
        """
        hook = self._state.hooks.get(hook_id)
        if hook is None or self._state.clock.now() - hook.create_at > HOOK_MS:
            message = "Unable to get the webhook."
            raise ApiError(404, "app.command_webhook.get.missing", message)
        response = _read(content_type, body)
        if response is None:
            message = "Unable to parse incoming data."
            raise ApiError(400, "web.command_webhook.parse.app_error", message)
        if hook.uses >= HOOK_USES:
            raise ApiError(400, "app.command_webhook.try_use.invalid", "Invalid webhook.")
        hook.uses += 1
        self._deliver(hook, response)

    def _find(self, team_id: str, trigger: str) -> Command | None:
        for command in self._state.commands.values():
            if (command.team_id, command.trigger) == (team_id, trigger):
                return command
        return None

    def _hook(
        self, user: User, command: Command, channel_id: str, team_id: str, root_id: str
    ) -> Hook:
        hook = Hook(
            id=new_id(),
            create_at=self._state.clock.now(),
            user_id=user.id,
            channel_id=channel_id,
            team_id=team_id,
            root_id=root_id,
            command=command,
        )
        self._state.hooks[hook.id] = hook
        return hook

    async def _ask(self, command: Command, form: dict[str, str]) -> dict[str, Any]:
        failed = "api.command.execute_command.failed.app_error"
        message = f"Command with a trigger of '{command.trigger}' failed."
        try:
            call = await self._integrations.post(
                command.url, urlencode(form), form=True, token=command.token
            )
        except Unreachable as error:
            raise ApiError(500, failed, message, str(error)) from error
        if call.status != 200:
            told = f"Command with a trigger of '{command.trigger}' returned response {call.status}."
            name = "api.command.execute_command.failed_resp.app_error"
            raise ApiError(500, name, told, call.answer)
        response = _read(call.content_type, call.answer)
        if response is None:
            raise ApiError(500, failed, message, _complaint(call))
        return response

    def _deliver(self, hook: Hook, response: dict[str, Any]) -> None:
        for each in (response, *(response.get("extra_responses") or [])):
            self._post(hook, each)

    def _post(self, hook: Hook, response: dict[str, Any]) -> None:
        """Shows an answer to whoever asked, or to the channel."""
        user = self._state.users[hook.user_id]
        channel_id = response.get("channel_id") or hook.channel_id
        if user.id not in self._state.channels[channel_id].members:
            raise forbidden(user.id, "create_post")
        text, attachments = response.get("text") or "", response.get("attachments")
        if not response.get("skip_slack_parsing"):
            text, attachments = slack_links(text), without_slack_links(attachments)
        props = generic(response.get("props")) or {}
        service = self._state.config["ServiceSettings"]
        name = hook.command.username or response.get("username")
        if service["EnablePostUsernameOverride"] and name:
            props["override_username"] = name
        if service["EnablePostIconOverride"]:
            props["override_icon_url"] = hook.command.icon_url or response.get("icon_url") or ""
        props["from_webhook"] = "true"
        if attachments is not None:
            props["attachments"] = normalise(attachments)
        now = self._state.clock.now()
        post = Post(
            id=new_id(),
            create_at=now,
            update_at=now,
            user_id=user.id,
            channel_id=channel_id,
            root_id=hook.root_id,
            message=text,
            props=props,
        )
        if response.get("response_type") == "in_channel":
            self._posts.publish(post, user)
        elif text or attachments is not None:
            self._posts.whisper(post)


def _read(content_type: str, body: str) -> dict[str, Any] | None:
    """A response, or None where it can't be understood; anything but JSON is plain text."""
    if content_type.split(";", maxsplit=1)[0].strip() != "application/json":
        return {"text": body.strip()}
    if json_complaint(body, "model.CommandResponse") is not None:
        return None
    found: dict[str, Any] | None = json.loads(body)
    return found


def _complaint(call: Callback) -> str:
    return json_complaint(call.answer, "model.CommandResponse") or "the answer is empty"


def _shown(response: dict[str, Any]) -> dict[str, Any]:
    """The response as the client gets it back; nobody is told what its buttons call."""
    attachments = response.get("attachments")
    props = {"attachments": normalise(attachments)}
    return {
        **{name: response.get(name) or "" for name in RESPONSE_TEXTS},
        "props": generic(response.get("props")),
        "goto_location": response.get("goto_location") or "",
        "skip_slack_parsing": bool(response.get("skip_slack_parsing")),
        "attachments": stripped(props)["attachments"],
        "extra_responses": response.get("extra_responses"),
    }
