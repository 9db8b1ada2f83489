"""What goes wrong on demand, as Slack words it."""

from aiohttp import web

from tests.peer.faults import Fault, Rule, breaks
from tests.slack.errors import SlackError

# Routes are the names of methods ("chat.postMessage", "views.*"), and "response_url", "upload" and
# "oauth.v2.access"; users are e-mails of those whom it is about, or a workspace's id or domain.
USUAL = "chat.postMessage"


async def misbehave(request: web.Request, rule: Rule) -> web.StreamResponse:
    """The answer that is none.

    Raises:
        SlackError: The fault is one that Slack itself words.
    """
    broken = await breaks(request, rule, cut_off=b'{"ok":tru')
    if broken is not None:
        return broken
    match rule.fault:
        case Fault.BUSY:
            raise SlackError("ratelimited", status=429, wait=rule.seconds)
        case Fault.BUSY_TEXT:
            return web.Response(text="", status=429)
        case Fault.REFUSE:
            raise SlackError(rule.error or "channel_not_found")
        case Fault.REVOKED:
            raise SlackError(rule.error or "token_revoked")
    raise SlackError(rule.error or "internal_error", status=rule.status)
