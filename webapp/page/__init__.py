"""The page behind the links in e-mails."""

from webapp.page.app import page_routes
from webapp.page.parts import PageParts

__all__ = ["PageParts", "page_routes"]
