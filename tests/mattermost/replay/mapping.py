"""What a recording and a replay have in common: everything but ids, times, keys and ports."""

import re
from typing import Any

ID = r"(?<![A-Za-z0-9])[a-z0-9]{26}(?![A-Za-z0-9])"
TIME = r"(?<!\d)\d{13}(?!\d)"
PORT = r"(?<=127\.0\.0\.1:)\d+"
# A trigger id, or a key: long base64.
BASE64 = r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{100,}={0,2}"
KINDS = {"trigger": BASE64, "id": ID, "time": TIME, "port": PORT}
VARIABLE = re.compile("|".join(f"(?P<{kind}>{shape})" for kind, shape in KINDS.items()))
SHAPES = {"id": r"([a-z0-9]{26})", "time": r"(\d{13})", "port": r"(\d+)"}
SHAPES["trigger"] = r"([A-Za-z0-9+/]{100,}={0,2})"


class Differs(AssertionError):
    """The replay is not what was recorded."""


class Mapping:
    """Recorded → replayed, found while comparing; each means one thing only, in both directions."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self._taken: dict[str, str] = {}
        self.triggers: dict[str, str] = {}

    def bind(self, recorded: str, replayed: str, *, kind: str = "id") -> None:
        """These two are the same thing.

        Raises:
            Differs: One of them was something else before.
        """
        if self.known.setdefault(recorded, replayed) != replayed:
            raise Differs(f"{recorded} was {self.known[recorded]}, and is {replayed}")
        # Two moments may be one in a replay that is quicker.
        if kind != "time" and self._taken.setdefault(replayed, recorded) != recorded:
            raise Differs(f"{replayed} stands for {self._taken[replayed]} and {recorded}")
        if kind == "trigger":
            self.triggers[recorded] = replayed

    def translated(self, value: Any) -> Any:
        """A recorded value as the replay says it; what is not known stays as it is."""
        if isinstance(value, dict):
            return {key: self.translated(entry) for key, entry in value.items()}
        if isinstance(value, list):
            return [self.translated(entry) for entry in value]
        if isinstance(value, str):
            return VARIABLE.sub(lambda found: self.known.get(found[0], found[0]), value)
        return value

    def compare(self, recorded: Any, replayed: Any, at: str) -> None:
        """Same keys, same types, same values, but for what differs by nature.

        Raises:
            Differs: Says where, and how.
        """
        if type(recorded) is not type(replayed):
            raise Differs(f"{at}: {recorded!r} is now {replayed!r}")
        if isinstance(recorded, dict):
            self._compare_objects(recorded, replayed, at)
        elif isinstance(recorded, list):
            if len(recorded) != len(replayed):
                raise Differs(f"{at}: {len(recorded)} entries are now {len(replayed)}")
            for number, pair in enumerate(zip(recorded, replayed, strict=True)):
                self.compare(*pair, f"{at}[{number}]")
        elif isinstance(recorded, str):
            self._compare_texts(recorded, replayed, at)
        elif isinstance(recorded, int) and re.fullmatch(TIME, str(recorded)):
            self._compare_texts(str(recorded), str(replayed), at)
        elif recorded != replayed:
            raise Differs(f"{at}: {recorded!r} is now {replayed!r}")

    def _compare_objects(self, recorded: dict[str, Any], replayed: dict[str, Any], at: str) -> None:
        keys = {self.translated(key): key for key in recorded}
        if keys.keys() != replayed.keys():
            raise Differs(f"{at}: keys {sorted(keys.keys() ^ replayed.keys())} are in one only")
        for key, written in keys.items():
            self.compare(recorded[written], replayed[key], f"{at}.{key}")

    def _compare_texts(self, recorded: str, replayed: str, at: str) -> None:
        variables = list(VARIABLE.finditer(recorded))
        pattern, end = "", 0
        for found in variables:
            pattern += re.escape(recorded[end : found.start()]) + SHAPES[str(found.lastgroup)]
            end = found.end()
        match = re.fullmatch(pattern + re.escape(recorded[end:]), replayed, re.DOTALL)
        if match is None:
            raise Differs(f"{at}: {recorded!r} is now {replayed!r}")
        for found, value in zip(variables, match.groups(), strict=True):
            try:
                self.bind(found[0], value, kind=str(found.lastgroup))
            except Differs as error:
                raise Differs(f"{at}: {error}") from error

    def times(self) -> list[tuple[int, int]]:
        """All moments, as recorded and as replayed, in the order of the recording."""
        return sorted(
            (int(recorded), int(replayed))
            for recorded, replayed in self.known.items()
            if re.fullmatch(TIME, recorded)
        )
