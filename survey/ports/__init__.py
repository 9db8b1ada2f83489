"""What the rules need from the world: each port is a shape, its adapters live in other rooms.

One call of a storage port is one transaction. No port call happens inside of another.
"""

from survey.ports.answers import Answers, Press
from survey.ports.clock import Clock
from survey.ports.figures import Charts, Figures
from survey.ports.outbox import Outbox
from survey.ports.people import People
from survey.ports.rounds import Rounds

__all__ = ["Answers", "Charts", "Clock", "Figures", "Outbox", "People", "Press", "Rounds"]
