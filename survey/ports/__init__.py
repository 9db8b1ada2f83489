"""What the rules need from the world: each port is a shape, its adapters live in other rooms.

One call of a storage port is one transaction. No port call happens inside of another.
"""

from survey.ports.answers import Answers, Press
from survey.ports.audit import AuditLog
from survey.ports.clock import Clock
from survey.ports.comments import Comments
from survey.ports.directory import Account, Directory
from survey.ports.figures import Charts, Figures
from survey.ports.heard import Event, Heard
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
from survey.ports.suppressions import Cause, Suppression, Suppressions
from survey.ports.ties import Tied, Ties

__all__ = [
    "Account",
    "Answers",
    "Asking",
    "AuditLog",
    "Cause",
    "Charts",
    "Clock",
    "Comments",
    "Directory",
    "Doubtful",
    "Event",
    "Figures",
    "Given",
    "Heard",
    "Installation",
    "Installations",
    "Key",
    "Keys",
    "Link",
    "Links",
    "Messages",
    "Occasions",
    "Outbox",
    "People",
    "Pin",
    "Pins",
    "Press",
    "Purpose",
    "Reminders",
    "Rights",
    "Role",
    "Roster",
    "Rounds",
    "Schedules",
    "SetAside",
    "Suppression",
    "Suppressions",
    "Suspicion",
    "Tied",
    "Ties",
]
