"""The app, as its settings pages show it."""

from dataclasses import dataclass, field

from tests.slack.identity import new_id, new_secret

BOT_SCOPES = (
    "app_mentions:read,channels:read,chat:write,chat:write.public,commands,files:write,groups:read,"
    "im:history,im:read,im:write,team:read,users:read,users:read.email"
)
BOT_EVENTS = {"app_home_opened", "app_uninstalled", "message.im", "tokens_revoked"}


@dataclass(kw_only=True)
class App:
    """The one app that is registered, as its settings pages show it.

    Attributes:
        events_url, actions_url, commands_url: Request URLs; empty for none.
        redirect_urls: Where OAuth may lead back to; a URL below one of them will do.
        socket_mode: Whether everything comes over a socket, and nothing by HTTP.
        rotation: Whether tokens end after twelve hours.
        messages_tab: Whether people may exchange messages with it.
        events: What it is subscribed to.
    """

    id: str = field(default_factory=lambda: new_id("A"))
    name: str = "Voxpop"
    client_id: str = ""
    client_secret: str = field(default_factory=new_secret)
    signing_secret: str = field(default_factory=new_secret)
    verification_token: str = field(default_factory=lambda: new_secret(24))
    scopes: str = BOT_SCOPES
    events_url: str = ""
    actions_url: str = ""
    commands_url: str = ""
    redirect_urls: list[str] = field(default_factory=list)
    socket_mode: bool = False
    rotation: bool = False
    messages_tab: bool = True
    events: set[str] = field(default_factory=lambda: set(BOT_EVENTS))
