"""Buttons, menus and dialogs."""

import json
from typing import Any

from tests.mattermost.attachments import actions_of, slack_links
from tests.mattermost.errors import ApiError, bad_body, integration_failed, no_post
from tests.mattermost.golang import compact, generic, json_complaint
from tests.mattermost.identity import new_id
from tests.mattermost.integration import Callback, Integrations, Unreachable
from tests.mattermost.posts import Posts
from tests.mattermost.records import Post, User
from tests.mattermost.state import State
from tests.mattermost.websocket import Hub

# What a message keeps when a press replaces its props.
KEPT_PROPS = ("from_webhook", "override_username", "override_icon_url")
ELEMENT_TEXTS = (
    "display_name",
    "name",
    "type",
    "subtype",
    "default",
    "placeholder",
    "help_text",
)


class Interactive:
    """What people press and fill in, carried to the integration."""

    def __init__(self, state: State, posts: Posts, hub: Hub, integrations: Integrations) -> None:
        self._state = state
        self._posts = posts
        self._hub = hub
        self._integrations = integrations

    async def press(
        self, user: User, post_id: str, action_id: str, told: dict[str, Any]
    ) -> dict[str, Any]:
        """A click, or a choice from a menu (`selected_option`).

        Raises:
            ApiError: 403, not this person's channel; 404, no such button any more; 400, the
                integration can't be reached or can't be understood.
        """
        sealed = str(told.get("cookie") or "")
        if sealed:
            about = self._state.cookies.unseal(sealed)
            if about is None:
                raise integration_failed("err=cookie can't be read")
            self._state.require_channel(user, about["channel_id"], "read_channel")
        else:
            about = None
            self._state.require_post(user, post_id, "read_channel")
        action, channel_id, root_id = self._pressed(post_id, action_id, about)
        short, trigger = self._state.signing.trigger(user.id)
        body = self._body(user, post_id, channel_id, trigger, action)
        if action["type"] == "select" and told.get("selected_option"):
            body["data_source"] = action.get("data_source", "")
            body["context"] = {
                **body.get("context", {}),
                "selected_option": told["selected_option"],
            }
            body["context"] = generic(body["context"])
        call = await self._call(action["integration"].get("url", ""), body)
        self._apply(user, post_id, channel_id, root_id, call)
        return {"status": "OK", "trigger_id": short}

    def _pressed(
        self, post_id: str, action_id: str, about: dict[str, Any] | None
    ) -> tuple[dict[str, Any], str, str]:
        """The action, its channel and the thread that answers go to."""
        post = self._state.posts.get(post_id)
        if post is None or post.delete_at:
            if about is None:
                raise no_post(post_id)
            if about["post_id"] != post_id:
                raise integration_failed("postId doesn't match")
            return about["action"], about["channel_id"], about["root_post_id"]
        for action in actions_of(post.props):
            if action["id"] == action_id and "integration" in action:
                return action, post.channel_id, post.root_id or post.id
        name = "api.post.do_action.action_id.app_error"
        raise ApiError(404, name, "Invalid action id.", "action=<nil>")

    def _body(
        self, user: User, post_id: str, channel_id: str, trigger: str, action: dict[str, Any]
    ) -> dict[str, Any]:
        channel = self._state.channels[channel_id]
        team = self._state.teams.get(channel.team_id)
        body = {
            "user_id": user.id,
            "user_name": user.username,
            "channel_id": channel.id,
            "channel_name": channel.name,
            "team_id": channel.team_id,
            "team_domain": team.name if team else "",
            "post_id": post_id,
            "trigger_id": trigger,
            "type": action.get("type", ""),
            "data_source": "",
        }
        context = action["integration"].get("context")
        return {**body, "context": context} if context else body

    def _apply(
        self, user: User, post_id: str, channel_id: str, root_id: str, call: Callback
    ) -> None:
        if not call.answer:
            return
        wrong = json_complaint(call.answer, "model.PostActionIntegrationResponse")
        if wrong is not None:
            raise integration_failed(f"err={wrong}")
        answer = json.loads(call.answer) or {}
        post = self._state.posts.get(post_id)
        update = answer.get("update")
        if isinstance(update, dict) and post is not None:
            self._update(post, update)
        text = answer.get("ephemeral_text")
        if text:
            now = self._state.clock.now()
            skip = answer.get("skip_slack_parsing")
            whisper = Post(
                id=new_id(),
                create_at=now,
                update_at=0,
                user_id=user.id,
                channel_id=channel_id,
                root_id=root_id,
                message=text if skip else slack_links(text),
                props=self._kept(post),
            )
            self._posts.whisper(whisper)

    def _update(self, post: Post, update: dict[str, Any]) -> None:
        told = update.get("props")
        props = {**told, **self._kept(post)} if isinstance(told, dict) else None
        self._posts.edit(post, message=str(update.get("message") or ""), props=props)

    def _kept(self, post: Post | None) -> dict[str, Any]:
        props = {} if post is None else post.props
        return {key: props[key] for key in KEPT_PROPS if key in props}

    async def _call(self, url: str, body: dict[str, Any]) -> Callback:
        try:
            call = await self._integrations.post(url, compact(body))
        except Unreachable as error:
            raise integration_failed(f"err={error}") from error
        if call.status != 200:
            raise integration_failed(f"status={call.status}")
        return call

    def open_dialog(self, told: dict[str, Any]) -> None:
        """Shows a dialog to whoever pressed; a trigger is good for 3 s."""
        if not told.get("url"):
            raise bad_body("url")
        short, user_id = self._state.signing.verify(str(told.get("trigger_id") or ""))
        shown = {
            "trigger_id": short,
            "url": told["url"],
            "dialog": _dialog(told.get("dialog") or {}),
        }
        self._hub.publish("open_dialog", {"dialog": compact(shown)}, user=user_id)

    async def submit_dialog(self, user: User, told: dict[str, Any]) -> dict[str, Any]:
        """What was filled in. All of it is what the client says, but who it is."""
        if not told.get("url"):
            raise bad_body("url")
        channel_id, team_id = str(told.get("channel_id")), str(told.get("team_id"))
        self._state.require_channel(user, channel_id, "read_channel")
        self._state.require_team(user, team_id, "view_team")
        body = {
            "type": "dialog_submission",
            "callback_id": told.get("callback_id") or "",
            "state": told.get("state") or "",
            "user_id": user.id,
            "channel_id": channel_id,
            "team_id": team_id,
            "submission": generic(told.get("submission")),
            "cancelled": bool(told.get("cancelled")),
        }
        call = await self._call(told["url"], body)
        try:
            answer = json.loads(call.answer)
        except ValueError:
            return {}
        if not isinstance(answer, dict):
            return {}
        return {key: answer[key] for key in ("error", "errors") if answer.get(key)}


def _dialog(told: dict[str, Any]) -> dict[str, Any]:
    return {
        "callback_id": told.get("callback_id") or "",
        "title": told.get("title") or "",
        "introduction_text": told.get("introduction_text") or "",
        "icon_url": told.get("icon_url") or "",
        "elements": [_element(element) for element in told.get("elements") or []] or None,
        "submit_label": told.get("submit_label") or "",
        "notify_on_cancel": bool(told.get("notify_on_cancel")),
        "state": told.get("state") or "",
    }


def _element(told: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: told.get(name) or "" for name in ELEMENT_TEXTS},
        "optional": bool(told.get("optional")),
        "min_length": told.get("min_length") or 0,
        "max_length": told.get("max_length") or 0,
        "data_source": told.get("data_source") or "",
        "options": told.get("options") or None,
    }
