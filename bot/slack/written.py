"""What a person typed, out of the form in which Slack tells of it."""

import re
from collections.abc import Mapping
from html import escape, unescape

_LINKED = re.compile(r"<([@#!][^<>|\s]+|(?:https?|mailto|tel):[^<>|]*)(?:\|([^<>]*))?>")
_ACCOUNT = re.compile(r"<@([UW][A-Z0-9]{1,40})(?:\|[^<>]*)?>")
_SIGNS = {"@": "@", "#": "#", "!": "@"}


def as_typed(text: str) -> str:
    """The words as they were typed.

    Slack writes `&amp;`, `&lt;` and `&gt;`, and names people, channels, groups and addresses in
    angle brackets: `<@U1|ada>`, `<#C1|general>`, `<!here>`, `<mailto:ada@example.org|…>`.
    """
    return unescape(_LINKED.sub(_named, text)) if "&" in text or "<" in text else text


def mentioned(text: str) -> Mapping[str, str]:
    """The accounts that are named in what Slack tells, each as it was typed: `U1` → `@ada`."""
    return {found[1]: as_typed(found[0]) for found in _ACCOUNT.finditer(text)}


def with_emails(text: str, emails: Mapping[str, str]) -> str:
    """What Slack tells, with e-mails in place of accounts: a label may be another's handle."""

    def email(found: re.Match[str]) -> str:
        known = emails.get(found[1])
        return found[0] if known is None else escape(known, quote=False)

    return _ACCOUNT.sub(email, text)


def _named(found: re.Match[str]) -> str:
    target, label = found[1], found[2]
    sign = _SIGNS.get(target[:1], "")
    if not sign:
        return label or target.removeprefix("mailto:")
    named = label or target[1:].partition("^")[2] or target[1:]
    return named if named.startswith(sign) else f"{sign}{named}"
