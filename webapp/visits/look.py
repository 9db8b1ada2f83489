"""How the pages of the front desk look: one file each, and nothing from elsewhere."""

from collections.abc import Mapping
from http import HTTPStatus

from markupsafe import Markup
from starlette.responses import HTMLResponse

from survey.brand import Brand
from survey.language import Language
from webapp.page.rendering import TEMPLATES, colors, digest, source
from webapp.visits.form import Form


class DeskLook:
    """A brand's name and colours, made once. The pages work without any script and have none.

    Args:
        brand: Whose pages these are.
    """

    def __init__(self, brand: Brand) -> None:
        self._brand = brand
        self._style = source("page.css") + source("front_desk.css") + colors(brand)
        self._headers = {
            "content-security-policy": (
                f"default-src 'none'; style-src {digest(self._style)}; img-src data:; "
                "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
            ),
            # Browsers tell nothing of where a form stood without any referrer.
            "referrer-policy": "same-origin",
            "cache-control": "no-store",
            "x-robots-tag": "noindex, nofollow",
        }
        self._template = TEMPLATES.get_template("front_desk.html")

    def render(
        self,
        says: Mapping[str, str],
        language: Language,
        status: int = HTTPStatus.OK,
        *,
        form: Form | None = None,
        alert: str = "",
        news: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> HTMLResponse:
        """The page in its language; without a form it asks for a key."""
        html = self._template.render(
            says=says,
            form=form,
            alert=alert,
            news=news,
            brand=self._brand.name,
            lang=language.locale.replace("_", "-"),
            direction="rtl" if language.right_to_left else "ltr",
            style=Markup(self._style),  # noqa: S704 - our own file
        )
        # What came in may hold lone surrogates, which no encoding takes.
        body = html.encode("utf-8", "replace")
        return HTMLResponse(body, status, {**self._headers, **(headers or {})})
