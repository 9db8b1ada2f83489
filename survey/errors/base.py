"""The root of the tree, and what values and names can get wrong."""


class VoxpopError(Exception):
    """Anything that Voxpop refuses on purpose."""

    code = "refused"


class InvalidValue(VoxpopError, ValueError):
    """A value does not fit: the message says which one, why, and what would fit."""

    code = "invalid_value"


class InvalidScore(InvalidValue):
    """A score lies outside of its scale, or is no whole number."""

    code = "invalid_score"


class CommentTooLong(InvalidValue):
    """A comment has more characters than its survey takes."""

    code = "comment_too_long"

    def __init__(self, *, length: int, limit: int) -> None:
        super().__init__(f"The comment has {length} characters; at most {limit} fit.")
        self.length = length
        self.limit = limit


class InvalidPeriod(InvalidValue):
    """A word that names no quarter."""

    code = "invalid_period"


class NotFound(VoxpopError):
    """A survey, campaign, person or invitation that is not known."""

    code = "not_found"


class UnknownSurvey(NotFound):
    """The settings define no survey of this name, but these."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        there = ", ".join(known) or "none yet"
        super().__init__(f"There is no survey {name!r}; the settings define: {there}.")
        self.known = known


class NoRoundYet(NotFound):
    """A survey that has never been started; one that asks by itself has asked nobody yet."""

    def __init__(self, survey: str, *, asks_by_itself: bool = False) -> None:
        super().__init__(
            f"{survey} has asked nobody yet: it asks when there is something to ask about."
            if asks_by_itself
            else f"There has been no round of {survey} yet; `voxpop campaign start {survey}` "
            "begins one."
        )
        self.survey = survey
        self.asks_by_itself = asks_by_itself


class UnknownRound(NotFound):
    """A round that never was; these were."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"There is no round {name}; there is {', '.join(known)}.")
        self.known = known


class UnknownAttribute(NotFound):
    """An attribute that nobody in a round has; they have these."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        there = ", ".join(known) or "none"
        super().__init__(f"People have no attribute {name!r} in this round; there is: {there}.")
        self.known = known


class UnknownPeople(NotFound):
    """E-mails that are on no roster."""

    def __init__(self, emails: tuple[str, ...]) -> None:
        super().__init__(f"Nobody on the roster has the e-mail {', '.join(emails)}.")
        self.emails = emails


class TooManyWouldLeave(InvalidValue):
    """A roster lacks most of the people that its source has; exports go wrong like that."""

    def __init__(self, *, missing: int, of: int) -> None:
        super().__init__(
            f"{missing} of {of} people of this source are not in the roster, and pruning would "
            "deactivate them all. Is it complete? If it is, --prune-even-most does it."
        )
        self.missing = missing


class IllegalTransition(VoxpopError):
    """A state was asked to change in a way that its life does not allow."""

    code = "illegal_transition"


class NotAllowed(VoxpopError):
    """The person may not do this; the message names who may."""

    code = "not_allowed"


class AnotherAccount(NotAllowed):
    """An administrator's e-mail came from another account than the one it is tied to."""

    def __init__(self, email: str) -> None:
        super().__init__(
            f"{email} is tied to the account that came with it first; `voxpop admin confirm "
            f"{email} ACCOUNT` ties it to the one that claims it now."
        )
        self.email = email


class OnlyIdentified(VoxpopError):
    """Figures over any span of time, asked of a survey that shows no names."""

    code = "only_identified"

    def __init__(self, survey: str) -> None:
        super().__init__(
            f"{survey} is not identified: its figures come by the round, through the release gate. "
            "Those over any span of time could single people out, from one span to the next."
        )
        self.survey = survey


class FeatureExists(VoxpopError):
    """A product has a feature of this key already."""

    code = "feature_exists"

    def __init__(self, product: str, feature: str) -> None:
        super().__init__(f"There is a feature {product}/{feature} already.")
