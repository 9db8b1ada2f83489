"""chat.*, views.* and files.*: what a bot says and shows."""

from typing import Any

from tests.slack.asking import Asked, Method
from tests.slack.errors import SlackError, invalid
from tests.slack.identity import new_id, new_word
from tests.slack.limits import check_view
from tests.slack.posts import Posts, named, read
from tests.slack.records import Channel, Json, Message, User, View
from tests.slack.state import State

SAID = ("text", "mrkdwn", "unfurl_links", "unfurl_media", "thread_ts")
STACK = 3


class Chat:
    """Messages."""

    def __init__(self, state: State, posts: Posts) -> None:
        self._state = state
        self._posts = posts

    def methods(self) -> list[Method]:
        write = ("chat:write",)
        return [
            Method(name="chat.postMessage", answer=self.post, scopes=write, tier=60),
            Method(name="chat.update", answer=self.update, scopes=write),
            Method(name="chat.delete", answer=self.delete, scopes=write),
            Method(name="chat.postEphemeral", answer=self.whisper, scopes=write, tier=100),
        ]

    def post(self, asked: Asked) -> Json:
        content = read(_said(asked))
        thread = asked.get("thread_ts")
        channel = self._writable(asked, asked.needs("channel"))
        made = self._posts.post(asked.workspace, asked.bot, channel, thread_ts=thread, **content)
        return {"channel": channel.id, "ts": made.ts, "message": made.wire()}

    def update(self, asked: Asked) -> Json:
        message = self._own(asked, "cant_update_message")
        minutes = asked.workspace.config["edit_window_minutes"]
        written = float(message.ts)
        if minutes is not None and self._state.clock.now() - written > minutes * 60:
            raise SlackError("edit_window_closed")
        self._posts.change(asked.workspace, message, _said(asked))
        shown = {"channel": message.channel, "ts": message.ts, "text": message.text}
        return {**shown, "message": message.wire()}

    def delete(self, asked: Asked) -> Json:
        message = self._own(asked, "cant_delete_message")
        self._posts.delete(asked.workspace, message)
        return {"channel": message.channel, "ts": message.ts}

    def whisper(self, asked: Asked) -> Json:
        said = _said(asked)
        read(said)
        channel = self._writable(asked, asked.needs("channel"))
        try:
            user = self._state.user(asked.workspace, asked.needs("user"))
        except SlackError as error:
            raise SlackError("user_not_in_channel") from error
        if user.id not in channel.members:
            raise SlackError("user_not_in_channel")
        made = self._posts.whisper(asked.bot, channel, user, said)
        return {"message_ts": made.ts}

    def _writable(self, asked: Asked, told: str) -> Channel:
        channel = self._posts.target(asked.workspace, asked.bot, told)
        if channel.archived:
            raise SlackError("is_archived")
        public = "chat:write.public" in asked.token.scopes.split(",") and not channel.private
        if asked.bot.id not in channel.members and not public:
            raise SlackError("not_in_channel")
        return channel

    def _own(self, asked: Asked, otherwise: str) -> Message:
        channel = self._state.channels.get(asked.needs("channel"))
        if channel is None or not self._posts.sees(asked.bot, channel):
            raise SlackError("channel_not_found")
        message = self._state.message(channel.id, asked.needs("ts"))
        if message.user != asked.bot.id:
            raise SlackError(otherwise)
        return message


def _said(asked: Asked) -> Json:
    plain: Json = {name: asked.args.get(name) for name in SAID}
    formed = ("blocks", "attachments", "metadata")
    return plain | {name: asked.structure(name) for name in formed}


class Views:
    """Modals and Home tabs."""

    def __init__(self, state: State) -> None:
        self._state = state

    def methods(self) -> list[Method]:
        return [
            Method(name="views.open", answer=self.open, tier=100),
            Method(name="views.push", answer=self.push, tier=100),
            Method(name="views.update", answer=self.update, tier=100),
            Method(name="views.publish", answer=self.publish, tier=100),
        ]

    def open(self, asked: Asked) -> Json:
        said = check_view(asked.structure("view"), "modal")
        user = self._state.exchange(asked.needs("trigger_id"))
        made = self.made(asked.workspace.id, asked.bot, user, said)
        self._state.modals[user.id] = [made]
        return {"view": made.wire()}

    def push(self, asked: Asked) -> Json:
        said = check_view(asked.structure("view"), "modal")
        user = self._state.exchange(asked.needs("trigger_id"))
        stack = self._state.modals.setdefault(user.id, [])
        if len(stack) == STACK:
            raise SlackError("push_limit_reached")
        made = self.made(asked.workspace.id, asked.bot, user, said)
        if stack:
            made.root_id, made.previous_id = stack[0].id, stack[-1].id
        stack.append(made)
        return {"view": made.wire()}

    def update(self, asked: Asked) -> Json:
        said = check_view(asked.structure("view"), "modal", "home")
        view = self._state.views.get(asked.get("view_id"))
        external = asked.get("external_id")
        if view is None and external:
            known = self._state.views.values()
            view = next((one for one in known if one.said.get("external_id") == external), None)
        if view is None or view.team_id != asked.workspace.id:
            raise SlackError("not_found")
        _current(view, asked.get("hash"))
        self.replace(view, said)
        return {"view": view.wire()}

    def publish(self, asked: Asked) -> Json:
        said = check_view(asked.structure("view"), "home")
        user = self._state.users.get(asked.needs("user_id"))
        if user is None or user.team_id != asked.workspace.id or user.is_bot:
            raise invalid("invalid_arguments", "invalid `user_id` [json-pointer:/user_id]")
        view = self._state.homes.get(user.id)
        if view is None:
            view = self.made(asked.workspace.id, asked.bot, user, said)
            self._state.homes[user.id] = view
        else:
            _current(view, asked.get("hash"))
            self.replace(view, said)
        return {"view": view.wire()}

    def made(self, team_id: str, bot: User, user: User, said: Json) -> View:
        """A view that is shown to somebody."""
        external = said.get("external_id")
        taken = (view.said.get("external_id") for view in self._state.views.values())
        if external and external in set(taken):
            raise SlackError("duplicate_external_id")
        view = View(
            id=new_id("V"),
            team_id=team_id,
            app_id=bot.app_id,
            bot_id=bot.bot_id,
            user=user.id,
            said={},
            hash="",
        )
        self.replace(view, said)
        self._state.views[view.id] = view
        return view

    def replace(self, view: View, said: Json) -> None:
        """Something else is shown there."""
        view.said = {**said, "blocks": named(said.get("blocks", []))}
        view.hash = f"{int(self._state.clock.now())}.{new_word(8)}"


def _current(view: View, told: str) -> None:
    if told and told != view.hash:
        raise SlackError("hash_conflict")


class Files:
    """Uploads: a URL, the content, and then the message that shows it.

    Attributes:
        contents: What was uploaded, by file id.
    """

    def __init__(self, state: State, posts: Posts) -> None:
        self._state = state
        self._posts = posts
        self.url = ""
        self.contents: dict[str, bytes] = {}
        self._promised: dict[str, Json] = {}
        self._urls: dict[str, str] = {}

    def methods(self) -> list[Method]:
        write = ("files:write",)
        return [
            Method(
                name="files.getUploadURLExternal",
                answer=self.promise,
                scopes=write,
                json=False,
                tier=100,
            ),
            Method(name="files.completeUploadExternal", answer=self.share, scopes=write, tier=100),
        ]

    def promise(self, asked: Asked) -> Json:
        name, length = asked.needs("filename"), asked.number("length", 0)
        if length <= 0:
            raise invalid("invalid_arguments", "missing required field: length")
        file_id, word = new_id("F"), new_word(48)
        about = {"name": name, "size": length, "team": asked.workspace.id}
        self._promised[file_id] = {**about, "alt_txt": asked.get("alt_txt")}
        self._urls[word] = file_id
        return {"upload_url": f"{self.url}/upload/v1/{word}", "file_id": file_id}

    def receive(self, word: str, content: bytes) -> tuple[int, str]:
        """A content, and how the upload URL answers."""
        file_id = self._urls.get(word)
        if file_id is None:
            return 404, "Not found"
        if len(content) != self._promised[file_id]["size"]:
            return 400, "length mismatch"
        self.contents[file_id] = content
        return 200, f"OK - {len(content)}"

    def share(self, asked: Asked) -> Json:
        told = asked.structure("files")
        if not isinstance(told, list) or not told:
            raise invalid("invalid_arguments", "missing required field: files")
        files = [self._file(asked, one) for one in told]
        channel_id = asked.get("channel_id")
        if channel_id:
            channel = self._state.channels.get(channel_id)
            if channel is None or not self._posts.sees(asked.bot, channel):
                raise SlackError("channel_not_found")
            if asked.bot.id not in channel.members:
                raise SlackError("not_in_channel")
            text, thread = asked.get("initial_comment"), asked.get("thread_ts")
            what: dict[str, Any] = {"text": text, "thread_ts": thread, "files": files}
            self._posts.post(asked.workspace, asked.bot, channel, **what)
        return {"files": files}

    def _file(self, asked: Asked, told: Json) -> Json:
        file_id = str(told.get("id"))
        about = self._promised.get(file_id)
        if about is None or file_id not in self.contents or about["team"] != asked.workspace.id:
            raise SlackError("file_not_found")
        title = str(told.get("title") or about["name"])
        shown = {"id": file_id, "title": title, "name": about["name"], "size": about["size"]}
        return {**shown, "user": asked.bot.id, "alt_txt": about["alt_txt"]}
