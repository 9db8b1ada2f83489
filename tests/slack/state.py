"""Everything Slack knows here. Nothing in it waits; nothing in it knows HTTP."""

from typing import Any

from tests.slack.errors import SlackError
from tests.slack.identity import Clock, new_id, new_number, new_secret, new_word
from tests.slack.records import Channel, Message, Token, User, View, Workspace
from tests.slack.registration import App

TOKEN_SECONDS = 43_200
TRIGGER_SECONDS = 3


class Trigger:
    """A trigger id: whose press it was, and until when it opens something, once."""

    def __init__(self, user: User, until: float) -> None:
        self.user = user
        self.until = until
        self.used = False


class State:
    """All workspaces, and the app.

    Attributes:
        homes: The Home tabs that were published, by user id.
        modals: The stacks of modals that are open, by user id, the topmost last.
        private: The ephemeral messages that somebody was shown, by user id.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self.app = App(client_id=f"{new_number()}.{new_number(13)}")
        self.workspaces: dict[str, Workspace] = {}
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.messages: dict[str, dict[str, Message]] = {}
        self.tokens: dict[str, Token] = {}
        self.refreshes: dict[str, str] = {}
        self.triggers: dict[str, Trigger] = {}
        self.views: dict[str, View] = {}
        self.homes: dict[str, View] = {}
        self.modals: dict[str, list[View]] = {}
        self.private: dict[str, list[Message]] = {}
        self._directs: dict[frozenset[str], Channel] = {}
        self.app_token = f"xapp-1-{self.app.id}-{new_number(13)}-{new_secret(64)}"
        self.tokens[self.app_token] = Token(
            value=self.app_token,
            team_id="",
            user_id="",
            scopes="connections:write",
            app_level=True,
        )

    # Who there is

    def add_workspace(self, name: str) -> Workspace:
        """A workspace with #general; the app is not installed in it."""
        domain = name.lower().replace(" ", "-")
        made = Workspace(id=new_id("T"), name=name, domain=domain)
        self.workspaces[made.id] = made
        self.add_channel(made, "general")
        return made

    def add_user(self, workspace: Workspace, email: str, **what: Any) -> User:
        name = email.partition("@")[0]
        known = {"id": new_id("U"), "name": name, "real_name": name.title(), **what}
        user = User(team_id=workspace.id, email=email, updated=int(self.clock.now()), **known)
        self.users[user.id] = user
        if not user.is_bot:
            self.channel_named(workspace, "general").members.add(user.id)
        return user

    def user_with_email(self, workspace: Workspace, email: str) -> User:
        """Who has this address, whatever its letters' size.

        Raises:
            SlackError: users_not_found.
        """
        for user in self.users_of(workspace):
            if user.email and user.email.lower() == email.lower() and not user.is_bot:
                return user
        raise SlackError("users_not_found")

    def users_of(self, workspace: Workspace) -> list[User]:
        known = [user for user in self.users.values() if user.team_id == workspace.id]
        return [workspace.slackbot, *known]

    def user(self, workspace: Workspace, user_id: str) -> User:
        """Somebody of this workspace.

        Raises:
            SlackError: user_not_found.
        """
        if user_id == workspace.slackbot.id:
            return workspace.slackbot
        found = self.users.get(user_id)
        if found is None or found.team_id != workspace.id:
            raise SlackError("user_not_found")
        return found

    # The app in a workspace

    def install(self, workspace: Workspace, scopes: str | None = None) -> Token:
        """The app's bot user, if it has none yet, and a new token for it."""
        if workspace.bot is None:
            about = {"is_bot": True, "bot_id": new_id("B"), "app_id": self.app.id}
            workspace.bot = self.add_user(workspace, self.app.name.lower(), **about)
        workspace.bot.deleted = False
        scopes = self.app.scopes if scopes is None else scopes
        return self.issue(workspace, scopes)

    def issue(self, workspace: Workspace, scopes: str) -> Token:
        """A bot token; with a refresh token and an end, where the app rotates."""
        rotates = self.app.rotation
        value = f"xoxb-{new_number()}-{new_number(13)}-{new_word()}"
        made = Token(
            value=f"xoxe.{value.replace('xoxb', 'xoxb-1', 1)}" if rotates else value,
            team_id=workspace.id,
            user_id=workspace.bot_user_id,
            scopes=scopes,
            expires_at=self.clock.now() + TOKEN_SECONDS if rotates else None,
        )
        self.tokens[made.value] = made
        workspace.bot_token = made.value
        workspace.refresh_token = f"xoxe-1-{new_word(64)}" if rotates else ""
        if rotates:
            self.refreshes[workspace.refresh_token] = workspace.id
        return made

    def uninstall(self, workspace: Workspace) -> list[Token]:
        """The app is out: its tokens are worth nothing; which they were."""
        gone = [token for token in self.tokens.values() if token.team_id == workspace.id]
        for token in gone:
            del self.tokens[token.value]
        self.refreshes = {one: team for one, team in self.refreshes.items() if team != workspace.id}
        if workspace.bot is not None:
            workspace.bot.deleted = True
        workspace.bot_token = workspace.refresh_token = ""
        return gone

    # Where they meet

    def add_channel(self, workspace: Workspace, name: str, **what: Any) -> Channel:
        made = Channel(
            id=new_id("C"),
            team_id=workspace.id,
            name=name,
            created=int(self.clock.now()),
            **what,
        )
        return self._keep(made)

    def channel_named(self, workspace: Workspace, name: str) -> Channel:
        """A channel by its name.

        Raises:
            SlackError: channel_not_found.
        """
        for channel in self.channels.values():
            if channel.team_id == workspace.id and channel.name == name.removeprefix("#"):
                return channel
        raise SlackError("channel_not_found")

    def direct(self, first: User, second: User) -> tuple[Channel, bool]:
        """The direct messages of these two, and whether they are new."""
        pair = frozenset({first.id, second.id})
        found = self._directs.get(pair)
        if found is not None:
            return found, False
        made = Channel(
            id=new_id("D"),
            team_id=first.team_id,
            created=int(self.clock.now()),
            members=set(pair),
        )
        self._directs[pair] = made
        return self._keep(made), True

    def partner(self, channel: Channel, user_id: str) -> str:
        """Whom somebody talks to in direct messages; empty elsewhere."""
        if not channel.direct:
            return ""
        return next((member for member in channel.members if member != user_id), user_id)

    def message(self, channel_id: str, ts: str) -> Message:
        """What was written there.

        Raises:
            SlackError: message_not_found.
        """
        found = self.messages.get(channel_id, {}).get(ts)
        if found is None:
            raise SlackError("message_not_found")
        return found

    def _keep(self, channel: Channel) -> Channel:
        self.channels[channel.id] = channel
        self.messages[channel.id] = {}
        return channel

    # What a press allows

    def trigger(self, user: User) -> str:
        """A trigger id of this person's."""
        made = f"{new_number(13)}.{new_number()}.{new_secret()}"
        self.triggers[made] = Trigger(user, self.clock.now() + TRIGGER_SECONDS)
        return made

    def exchange(self, trigger_id: str) -> User:
        """Who pressed; the trigger is spent then.

        Raises:
            SlackError: invalid_trigger_id, expired_trigger_id, exchanged_trigger_id.
        """
        trigger = self.triggers.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if self.clock.now() > trigger.until:
            raise SlackError("expired_trigger_id")
        trigger.used = True
        return trigger.user
