"""What the environment says of a Mattermost server."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class MattermostSettings:
    """A Mattermost server, once its URL is set.

    Attributes:
        url: Where it is.
        token: The bot's; None until `voxpop mattermost setup` has made one: the platform is off.
        team: The team, by the name in its URLs, whose members are asked.
        callback_url: Where that server reaches us: the base of `/mattermost/actions`.
        command_token: What the slash command comes with; None refuses all commands.
        admin_token: An administrator's, for `voxpop mattermost setup` alone.
    """

    url: str
    token: str | None = field(repr=False)
    team: str | None
    callback_url: str
    command_token: str | None = field(repr=False)
    admin_token: str | None = field(repr=False, default=None)
