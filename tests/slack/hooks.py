"""Response URLs: five uses within thirty minutes."""

from dataclasses import dataclass
from typing import Any

from tests.slack.errors import SlackError
from tests.slack.identity import new_number, new_word
from tests.slack.posts import Posts, read
from tests.slack.records import Channel, Json, Message, User
from tests.slack.state import State

SECONDS = 1800
USES = 5


@dataclass(kw_only=True)
class Hook:
    """Where one press or command may be answered; `message` is what was pressed on."""

    user: User
    channel: Channel
    message: Message | None
    until: float
    uses: int = 0


class Hooks:
    """All response URLs.

    Attributes:
        url: Where the server listens.
        answers: What was told to them, in order.
    """

    def __init__(self, state: State, posts: Posts) -> None:
        self._state = state
        self._posts = posts
        self.url = ""
        self.answers: list[Json] = []
        self._hooks: dict[str, Hook] = {}

    def open(
        self, user: User, channel: Channel, message: Message | None, *, kind: str = "actions"
    ) -> str:
        """A new one; `kind` is actions or commands."""
        path = f"/{kind}/{user.team_id}/{new_number(13)}/{new_word()}"
        until = self._state.clock.now() + SECONDS
        self._hooks[path] = Hook(user=user, channel=channel, message=message, until=until)
        return self.url + path

    def answer(self, path: str, said: Any) -> None:
        """What the app says by a response URL.

        Raises:
            SlackError: used_url, expired_url (404), or what is wrong with the message.
        """
        hook = self._hooks.get(path)
        if hook is None:
            raise SlackError("no_service", status=404)
        if self._state.clock.now() > hook.until:
            raise SlackError("expired_url", status=404)
        if hook.uses >= USES:
            raise SlackError("used_url", status=404)
        if not isinstance(said, dict):
            raise SlackError("invalid_payload", status=400)
        hook.uses += 1
        self.answers.append(said)
        self.say(hook.user, hook.channel, hook.message, said)

    def say(self, user: User, channel: Channel, message: Message | None, said: Json) -> None:
        """An answer: in place of the message, beside it for everybody, or for one person.

        Raises:
            SlackError: What is wrong with it.
        """
        workspace = self._state.workspaces[user.team_id]
        bot = workspace.bot
        assert bot is not None, "the app answers where it is installed"
        if message is not None and said.get("delete_original"):
            self._posts.delete(workspace, message)
        elif message is not None and said.get("replace_original"):
            self._posts.change(workspace, message, said)
        elif said.get("response_type") == "in_channel":
            thread = str(said.get("thread_ts") or "")
            self._posts.post(workspace, bot, channel, thread_ts=thread, **read(said))
        else:
            self._posts.whisper(bot, channel, user, said)
