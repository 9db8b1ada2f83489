"""Pages as bytes: one file each, with its style and script in it, and nothing from elsewhere."""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.types import Message, Send

from survey.brand import Brand, contrast, readable_on
from survey.language import Language
from survey.page import Marks, Page
from survey.scale import NPS

_SURFACES = {"light": "#ffffff", "dark": "#182224"}
"""What a page's text stands on; as in `page.css`."""
_READABLE = 4.5
"""How far text and its ground are apart at least (WCAG 2.1, AA)."""
_FIVE = ("one", "two", "three", "four", "five")
_COMMENT = re.compile(r"/\*.*?\*/|^\s*//[^\n]*$", re.DOTALL | re.MULTILINE)
_INDENT = re.compile(r"\n\s*")

TEMPLATES = Environment(
    loader=PackageLoader("webapp"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer that can be sent any number of times."""

    start: Message
    body: Message
    bare: Message

    async def __call__(self, send: Send, *, head: bool = False) -> None:
        """Send it; without its body where only the headers are wanted."""
        await send(self.start)
        await send(self.bare if head else self.body)


NO_CONTENT = Rendered(
    start={"type": "http.response.start", "status": int(HTTPStatus.NO_CONTENT), "headers": []},
    body={"type": "http.response.body", "body": b""},
    bare={"type": "http.response.body", "body": b""},
)
"""Done, for the page's script."""


class Look:
    """How pages look: a brand's name and colours. It is made once.

    Args:
        brand: Whose pages these are.
    """

    def __init__(self, brand: Brand) -> None:
        self._brand = brand
        self._style = source("page.css") + colors(brand) + _targets()
        self._script = source("page.js")
        policy = (
            f"default-src 'none'; style-src {digest(self._style)}; "
            f"script-src {digest(self._script)}; connect-src 'self'; img-src data:; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        self._headers = (
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-security-policy", policy.encode()),
            (b"cache-control", b"no-store"),
            (b"referrer-policy", b"no-referrer"),
            (b"x-content-type-options", b"nosniff"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"x-robots-tag", b"noindex, nofollow"),
        )
        self._template = TEMPLATES.get_template("page.html")

    def render(
        self,
        page: Page,
        language: Language,
        status: int = HTTPStatus.OK,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Rendered:
        """The page in its language."""
        html = self._template.render(
            page=page,
            brand=self._brand.name,
            lang=language.locale.replace("_", "-"),
            direction="rtl" if language.right_to_left else "ltr",
            tones=_tones(page.marks),
            style=Markup(self._style),  # noqa: S704 - our own file
            script=Markup(self._script),  # noqa: S704 - likewise
        )
        # What came in may hold lone surrogates, which no encoding takes.
        body = html.encode("utf-8", "replace")
        more = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
        length = (b"content-length", str(len(body)).encode())
        said = [*self._headers, length, *more]
        return Rendered(
            start={"type": "http.response.start", "status": int(status), "headers": said},
            body={"type": "http.response.body", "body": body},
            bare={"type": "http.response.body", "body": b""},
        )


def source(name: str) -> str:
    """A file of ours without what only its readers need."""
    loader = TEMPLATES.loader
    assert loader is not None  # noqa: S101 - it was given above
    text, _, _ = loader.get_source(TEMPLATES, name)
    return _INDENT.sub("\n", _COMMENT.sub("", text)).strip()


def digest(text: str) -> str:
    """What a content security policy knows a style or a script by."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _targets() -> str:
    """Which of the larger buttons is shown for the mark that the address tells the browser."""
    return "\n".join(
        f'.mark[value="{value}"]:target~.chosen [value="{value}"]{{display:block}}'
        for value in NPS.values
    )


def _tones(marks: Marks | None) -> Mapping[str, str]:
    """The class of each mark's colour."""
    if marks is None:
        return {}
    five = len(marks.buttons) == len(_FIVE)
    return {
        button.value: _FIVE[place] if five else button.tone or ""
        for place, button in enumerate(marks.buttons)
    }


def colors(brand: Brand) -> str:
    """The brand's colour, and the nearest to it that can be read on a light and a dark page."""
    light, dark = (_readable(brand.color, ground) for ground in _SURFACES.values())
    return (
        f"\n:root{{--brand:{brand.color};{_accent(light, '#000000')}}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{{_accent(dark, '#ffffff')}}}}}\n"
    )


def _accent(color: str, towards: str) -> str:
    return (
        f"--accent:{color};--on-accent:{readable_on(color)};"
        f"--accent-hover:{_mixed(color, towards, 0.12)}"
    )


def _readable(color: str, ground: str) -> str:
    """The colour, moved away from the ground until it can be read on it."""
    towards = readable_on(ground)
    steps = (_mixed(color, towards, step / 20) for step in range(21))
    return next((found for found in steps if contrast(found, ground) >= _READABLE), towards)


def _mixed(color: str, other: str, share: float) -> str:
    parts = (
        round(int(color[at : at + 2], 16) * (1 - share) + int(other[at : at + 2], 16) * share)
        for at in (1, 3, 5)
    )
    return "#" + "".join(f"{part:02x}" for part in parts)
