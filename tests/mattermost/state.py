"""Everything the server knows, and who may see it."""

from typing import Any

from tests.mattermost.errors import ApiError, forbidden, no_user, session_expired
from tests.mattermost.identity import Clock, CookieKey, SigningKey, new_id
from tests.mattermost.records import Channel, Post, Team, User
from tests.mattermost.registrations import AccessToken, Command, Hook

VERSION = "5.37.0"
# A server as it is after somebody has set it up for bots.
CONFIG: dict[str, dict[str, Any]] = {
    "ServiceSettings": {
        "SiteURL": "",
        "EnableBotAccountCreation": True,
        "EnableUserAccessTokens": True,
        "EnableCommands": True,
        "EnablePostUsernameOverride": True,
        "EnablePostIconOverride": False,
        "AllowedUntrustedInternalConnections": "127.0.0.1 localhost",
        "OutgoingIntegrationRequestsTimeout": 30,
        "PostEditTimeLimit": -1,
        "DisableBotsWhenOwnerIsDeactivated": True,
    },
    "PrivacySettings": {"ShowEmailAddress": True, "ShowFullName": True},
    "RateLimitSettings": {"Enable": False, "PerSec": 10, "MaxBurst": 100},
    "FileSettings": {"EnableFileAttachments": True, "MaxFileSize": 52_428_800},
    "SqlSettings": {"DriverName": "postgres", "DataSource": "*" * 32},
}


class State:
    """One server. Nothing here waits; nothing here knows HTTP."""

    def __init__(self, *, version: str = VERSION) -> None:
        self.version = version
        self.clock = Clock()
        self.signing = SigningKey(self.clock)
        self.cookies = CookieKey()
        self.config = {section: dict(settings) for section, settings in CONFIG.items()}
        self.users: dict[str, User] = {}
        self._by_username: dict[str, User] = {}
        self._by_email: dict[str, User] = {}
        self.teams: dict[str, Team] = {}
        self.channels: dict[str, Channel] = {}
        self.by_name: dict[tuple[str, str], Channel] = {}
        self.posts: dict[str, Post] = {}
        self.by_channel: dict[str, list[Post]] = {}
        self.files: dict[str, dict[str, Any]] = {}
        self.commands: dict[str, Command] = {}
        self.hooks: dict[str, Hook] = {}
        self.sessions: dict[str, str] = {}
        self.access_tokens: dict[str, AccessToken] = {}

    # Who there is

    def add_user(self, username: str, **what: Any) -> User:
        """Somebody new.

        Raises:
            ApiError: 400, the name is taken.
        """
        if username in self._by_username:
            message = "An account with that username already exists."
            raise ApiError(400, "app.user.save.username_exists.app_error", message)
        now = self.clock.now()
        known = {"id": new_id(), "email": f"{username}@acme.test", **what}
        user = User(username=username, create_at=now, update_at=now, **known)
        self.users[user.id] = self._by_username[username] = user
        self._by_email[user.email.lower()] = user
        return user

    def user(self, user_id: str) -> User:
        found = self.users.get(user_id)
        if found is None:
            raise no_user(user_id)
        return found

    def user_named(self, username: str) -> User:
        found = self._by_username.get(username)
        if found is None:
            raise no_user(f"username={username}")
        return found

    def user_with_email(self, email: str) -> User:
        found = self._by_email.get(email.lower())
        if found is None:
            raise no_user(f"email={email}")
        return found

    def deactivate(self, user: User) -> set[str]:
        """Ends the sessions of a user, and of its bots; the ids of all who are out now."""
        gone = {user.id}
        if self.config["ServiceSettings"]["DisableBotsWhenOwnerIsDeactivated"]:
            gone |= {
                bot.id for bot in self.users.values() if bot.is_bot and bot.owner_id == user.id
            }
        for user_id in gone:
            self.users[user_id].delete_at = self.users[user_id].update_at = self.clock.now()
        self.sessions = {token: who for token, who in self.sessions.items() if who not in gone}
        return gone

    def activate(self, user: User) -> None:
        user.delete_at, user.update_at = 0, self.clock.now()

    # Who asks

    def log_in(self, user: User) -> str:
        """A new session's token."""
        token = new_id()
        self.sessions[token] = user.id
        return token

    def add_token(self, user: User, description: str) -> AccessToken:
        """A personal access token."""
        made = AccessToken(id=new_id(), token=new_id(), user_id=user.id, description=description)
        self.access_tokens[made.token] = made
        return made

    def revoke(self, token: str) -> None:
        """A session's token or an access token is worth nothing any more."""
        self.sessions.pop(token, None)
        self.access_tokens.pop(token, None)

    def owner(self, token: str) -> User:
        """Whose token it is.

        Raises:
            ApiError: 401, nobody's.
        """
        user = self.users.get(self.sessions.get(token, ""))
        made = self.access_tokens.get(token)
        if user is None and made is not None and made.is_active:
            user = self.users[made.user_id]
            if not user.is_bot and not self.config["ServiceSettings"]["EnableUserAccessTokens"]:
                user = None
        if user is None or user.delete_at:
            raise session_expired(f"token={token}")
        return user

    # Where they meet

    def add_team(self, name: str, display_name: str, **what: Any) -> Team:
        """A team with the two channels that every team has."""
        now = self.clock.now()
        team = Team(**{"id": new_id(), **what}, name=name, display_name=display_name, create_at=now)
        self.teams[team.id] = team
        for channel, title in (("town-square", "Town Square"), ("off-topic", "Off-Topic")):
            self.add_channel(type="O", name=channel, display_name=title, team_id=team.id)
        return team

    def join(self, team: Team, user: User, *, leads: bool = False) -> None:
        """Membership of the team and of its open channels."""
        team.members[user.id] = leads
        for name in ("town-square", "off-topic"):
            self.channel_named(team.id, name).members.add(user.id)

    def add_channel(self, **what: Any) -> Channel:
        channel = Channel(**{"id": new_id(), "create_at": self.clock.now(), **what})
        self.channels[channel.id] = channel
        self.by_name[channel.team_id, channel.name] = channel
        self.by_channel[channel.id] = []
        return channel

    def channel_named(self, team_id: str, name: str) -> Channel:
        found = self.by_name.get((team_id, name))
        if found is None:
            message = "Channel does not exist."
            raise ApiError(404, "app.channel.get_by_name.missing.app_error", message)
        return found

    def direct(self, first: str, second: str) -> tuple[Channel, bool]:
        """The channel of these two, and whether it is new."""
        name = "__".join(sorted((first, second)))
        found = self.by_name.get(("", name))
        if found is not None:
            return found, False
        made = self.add_channel(type="D", name=name, creator_id=first, members={first, second})
        return made, True

    def partner(self, channel: Channel, user_id: str) -> str:
        """Whom somebody talks to in a direct channel; themselves, where they talk to themselves."""
        return next((member for member in channel.members if member != user_id), user_id)

    # Who may

    def require_channel(self, user: User, channel_id: str, permission: str) -> Channel:
        """The channel, for a member of it.

        Raises:
            ApiError: 403, whether it exists or not.
        """
        channel = self.channels.get(channel_id)
        if channel is None or not (user.is_administrator or user.id in channel.members):
            raise forbidden(user.id, permission)
        return channel

    def require_post(self, user: User, post_id: str, permission: str) -> None:
        """Likewise the channel of a post, even of a deleted one."""
        post = self.posts.get(post_id)
        self.require_channel(user, post.channel_id if post else "", permission)

    def require_team(self, user: User, team_id: str, permission: str) -> Team:
        """The team, for a member of it; `manage_…` is for who administers it."""
        team = self.teams.get(team_id)
        member = team.members.get(user.id) if team else None
        may = bool(member) if permission.startswith(("manage", "add")) else member is not None
        if team is None or not (user.is_administrator or may):
            raise forbidden(user.id, permission)
        return team

    def require_administrator(self, user: User, permission: str) -> None:
        if not user.is_administrator:
            raise forbidden(user.id, permission)

    def may_see_private(self, user: User, other: User) -> bool:
        return user.is_administrator or user.id == other.id

    def shown(self, user: User, to: User) -> dict[str, Any]:
        """A user as another one sees it."""
        show_email = self.config["PrivacySettings"]["ShowEmailAddress"]
        return user.wire(private=self.may_see_private(to, user), show_email=show_email)
