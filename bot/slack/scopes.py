"""What the app may do in a workspace, and why: nothing that it does not need."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Scope:
    """One permission of the bot.

    Attributes:
        name: As Slack calls it.
        why: What it is for, as whoever installs the app reads it.
        methods: What is called by it.
        events: What is heard by it.
    """

    name: str
    why: str
    methods: tuple[str, ...] = ()
    events: tuple[str, ...] = ()


SCOPES = (
    Scope(
        name="chat:write",
        why="questions and reminders, changing its own messages, and reports that somebody shares "
        "in a channel to which the app is invited",
        methods=("chat.postMessage", "chat.update", "chat.postEphemeral", "chat.delete"),
    ),
    Scope(name="commands", why="`/nps`, and the entry in the menu of shortcuts"),
    Scope(name="files:write", why="the chart of a report, and exports", methods=("files.*",)),
    Scope(
        name="im:history",
        why="comments in the thread of a question, and whether a message arrived whose answer got "
        "lost; its own direct messages alone",
        methods=("conversations.history",),
        events=("message.im",),
    ),
    Scope(
        name="im:write",
        why="finding the direct messages with somebody, to look there",
        methods=("conversations.open",),
    ),
    Scope(
        name="users:read",
        why="who there is: name, time zone and language, and who is a bot, a guest or deactivated",
        methods=("users.info", "users.list"),
    ),
    Scope(
        name="users:read.email",
        why="people on the roster are found by their e-mail",
        methods=("users.lookupByEmail",),
    ),
)
"""By their names."""
NAMES = tuple(scope.name for scope in SCOPES)
FREE_EVENTS = ("app_home_opened", "app_uninstalled", "tokens_revoked")
"""What is heard without any."""
EVENTS = tuple(sorted({*FREE_EVENTS, *(event for scope in SCOPES for event in scope.events)}))
