"""REST: the routes that programs call, behind keys where they are not behind a link."""

from webapp.api.nps import ApiParts, api_routers

__all__ = ["ApiParts", "api_routers"]
