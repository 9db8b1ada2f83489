"""What the rules need from the world: each port is a shape, its adapters live in other rooms.

One call of a storage port is one transaction. No port call happens inside of another.
"""

from survey.ports.answers import Answers, Press
from survey.ports.audit import AuditLog
from survey.ports.clock import Clock
from survey.ports.comments import Comments
from survey.ports.directory import Account, Directory
from survey.ports.features import (
    Contact,
    FeatureFigures,
    Features,
    Feedback,
    GivenFeedback,
    Usage,
)
from survey.ports.figures import Charts, Figures
from survey.ports.follow_ups import FollowUps, Found
from survey.ports.heard import Event, Heard
from survey.ports.idempotency import Kept, KeptAnswers
from survey.ports.insights import (
    Archive,
    ArchiveUnavailable,
    Insights,
    Looked,
    LookedInto,
    Reader,
    Writer,
)
from survey.ports.installations import Installation, Installations
from survey.ports.keys import Key, Keys, Role
from survey.ports.links import Link, Links, Purpose
from survey.ports.messages import Messages
from survey.ports.occasions import Asking, Given, Occasions
from survey.ports.outbox import Outbox
from survey.ports.people import People
from survey.ports.pins import Pin, Pins
from survey.ports.reminders import Reminders
from survey.ports.rights import Rights
from survey.ports.roster import Roster
from survey.ports.rounds import Rounds
from survey.ports.schedules import Schedules
from survey.ports.set_aside import Doubtful, SetAside, Suspicion
from survey.ports.spans import Counted, Spans
from survey.ports.suppressions import Cause, Suppression, Suppressions
from survey.ports.tickets import Tickets
from survey.ports.ties import Tied, Ties
from survey.ports.visits import Captured, Visits

__all__ = [
    "Account",
    "Answers",
    "Archive",
    "ArchiveUnavailable",
    "Asking",
    "AuditLog",
    "Captured",
    "Cause",
    "Charts",
    "Clock",
    "Comments",
    "Contact",
    "Counted",
    "Directory",
    "Doubtful",
    "Event",
    "FeatureFigures",
    "Features",
    "Feedback",
    "Figures",
    "FollowUps",
    "Found",
    "Given",
    "GivenFeedback",
    "Heard",
    "Insights",
    "Installation",
    "Installations",
    "Kept",
    "KeptAnswers",
    "Key",
    "Keys",
    "Link",
    "Links",
    "Looked",
    "LookedInto",
    "Messages",
    "Occasions",
    "Outbox",
    "People",
    "Pin",
    "Pins",
    "Press",
    "Purpose",
    "Reader",
    "Reminders",
    "Rights",
    "Role",
    "Roster",
    "Rounds",
    "Schedules",
    "SetAside",
    "Spans",
    "Suppression",
    "Suppressions",
    "Suspicion",
    "Tickets",
    "Tied",
    "Ties",
    "Usage",
    "Visits",
    "Writer",
]
