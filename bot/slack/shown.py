"""What messages show by now, so that of two changes under way the newer one stays."""

import asyncio
from collections import OrderedDict
from datetime import datetime
from weakref import WeakValueDictionary

from survey.card import Card
from survey.delivery import MessageRef

REMEMBERED = 20_000
"""Messages of which one process knows what they show."""


class Shown:
    """What this process has put where. Channels have different ids in different workspaces."""

    def __init__(self, most: int = REMEMBERED) -> None:
        self._most = most
        self._as_of: OrderedDict[MessageRef, datetime] = OrderedDict()
        self._locks: WeakValueDictionary[MessageRef, asyncio.Lock] = WeakValueDictionary()

    def changing(self, ref: MessageRef) -> asyncio.Lock:
        """To hold while a message changes: of two changes Slack may take the later one first."""
        if (lock := self._locks.get(ref)) is None:
            lock = self._locks[ref] = asyncio.Lock()
        return lock

    def newer(self, ref: MessageRef, card: Card) -> bool:
        """Whether the message shows something newer than this card."""
        shown = self._as_of.get(ref)
        return shown is not None and (card.as_of is None or card.as_of < shown)

    def note(self, ref: MessageRef, card: Card) -> None:
        """The message shows this card by now."""
        if card.as_of is None:
            return
        self._as_of[ref] = card.as_of
        self._as_of.move_to_end(ref)
        if len(self._as_of) > self._most:
            self._as_of.popitem(last=False)
