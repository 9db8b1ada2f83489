"""What the environment says of Slack."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

API_URL = "https://slack.com/api/"
BOT_TOKENS = ("xoxb-", "xoxe.xoxb-")
"""What a bot's token begins with; the second is one that ends after some hours."""
APP_TOKENS = ("xapp-",)


@dataclass(frozen=True, kw_only=True)
class SlackSettings:
    """Slack, once anything of it is set.

    Attributes:
        bot_token: Of the workspace that the app was installed in by hand; None where there is none.
        signing_secret: What Slack signs its calls with; None refuses all calls.
        app_token: Opens connections from here instead: Socket Mode when set.
        api_url: Where the Web API is, with a slash at its end.
        client_id: The app's, for workspaces that install it by themselves.
        client_secret: The same.
        base_url: Where people's browsers reach us.
    """

    bot_token: str | None = field(repr=False)
    signing_secret: str | None = field(repr=False)
    app_token: str | None = field(repr=False)
    api_url: str
    client_id: str | None
    client_secret: str | None = field(repr=False)
    base_url: str

    @property
    def installs(self) -> bool:
        """Whether workspaces can install the app by themselves."""
        return self.client_id is not None and self.client_secret is not None

    @property
    def lacks(self) -> tuple[str, ...]:
        """What must be set before the platform is on, each with its alternative; else nothing."""
        missing = []
        if self.bot_token is None and not self.installs:
            missing.append("VOXPOP_SLACK__BOT_TOKEN (or CLIENT_ID and CLIENT_SECRET)")
        if self.app_token is None and self.signing_secret is None:
            missing.append("VOXPOP_SLACK__APP_TOKEN (or SIGNING_SECRET)")
        return tuple(missing)

    @property
    def on(self) -> bool:
        """Whether people can be written to and heard."""
        return not self.lacks


def problems_of(slack: SlackSettings, *, sandbox: bool) -> Iterator[str]:
    """What can't be meant, a sentence each; no secret is in them."""
    if (slack.client_id is None) != (slack.client_secret is None):
        unset = "SECRET" if slack.client_secret is None else "ID"
        yield (
            f"VOXPOP_SLACK__CLIENT_{unset} is not set, and the other half is: workspaces install "
            "the app by both, from its page Basic Information."
        )
    if slack.bot_token is not None and not slack.bot_token.startswith(BOT_TOKENS):
        yield (
            "VOXPOP_SLACK__BOT_TOKEN is no bot's token: it begins with xoxb-, and stands on the "
            "app's page OAuth & Permissions."
        )
    if slack.app_token is not None and not slack.app_token.startswith(APP_TOKENS):
        yield (
            "VOXPOP_SLACK__APP_TOKEN is no token of an app: it begins with xapp-, and is made on "
            "the app's page Basic Information."
        )
    address = urlsplit(slack.api_url)
    if address.scheme != "https" and not _is_this_machine(address.hostname or ""):
        yield (
            "VOXPOP_SLACK__API_URL goes over the network in the open, and tokens with it: it "
            f"begins with https:// ({API_URL} if left out)."
        )
    if sandbox:
        yield (
            "VOXPOP_SANDBOX is set beside VOXPOP_SLACK__…: the sandbox lets everybody on "
            "this machine be anybody, and is refused beside a real chat. Unset one of them."
        )


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
