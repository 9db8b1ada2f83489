"""The one page that somebody sees who installs us in their workspace."""

import base64
import hashlib
from html import escape
from http import HTTPStatus

from starlette.responses import HTMLResponse

_STYLE = (
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1.5rem}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>{title} · Voxpop</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{says}</p>
</main>
</body>
</html>
"""


def page(title: str, says: str, *, status: HTTPStatus = HTTPStatus.OK) -> HTMLResponse:
    """A heading and a sentence; both may have a workspace's own name in them.

    Args:
        title: What has become of it.
        says: What to do next; a command stands in backticks.
        status: As HTTP tells it.
    """
    parts = escape(says).split("`")
    told = "".join(f"<code>{part}</code>" if odd % 2 else part for odd, part in enumerate(parts))
    return HTMLResponse(
        _PAGE.format(title=escape(title), says=told, style=_STYLE),
        status_code=status,
        headers={
            "Content-Security-Policy": (
                f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'"
            ),
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
        },
    )
