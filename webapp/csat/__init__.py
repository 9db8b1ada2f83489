"""`/api/csat/v1`: how people use features, and what they say of them."""

from webapp.csat.routes import CsatParts, csat_routers

__all__ = ["CsatParts", "csat_routers"]
