"""Visits: what programs and the front desk tell of them, and what customers say."""

from webapp.visits.api import VisitParts, visit_routers
from webapp.visits.desk import DeskParts, desk_router

__all__ = ["DeskParts", "VisitParts", "desk_router", "visit_routers"]
