"""A comment: kept as typed, less what no database or screen can carry."""

import re
from dataclasses import dataclass

from survey.errors import CommentTooLong, InvalidValue
from survey.survey import COMMENT_LIMIT

_UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def clean(text: str) -> str:
    """`text` without NUL and other control characters and lone surrogates, trimmed.

    Line breaks and tabs stay; so do emoji, right-to-left and zero-width characters.
    """
    normal = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNSTORABLE.sub("", normal).strip()


@dataclass(frozen=True)
class Comment:
    """What a person wrote, cleaned.

    Raises:
        CommentTooLong: Beyond 2,000 characters.
        InvalidValue: If nothing is left of it.
    """

    text: str

    def __post_init__(self) -> None:
        """Clean, then check."""
        text = clean(self.text)
        if not text:
            raise InvalidValue("A comment needs at least one character.")
        if len(text) > COMMENT_LIMIT:
            raise CommentTooLong(length=len(text), limit=COMMENT_LIMIT)
        object.__setattr__(self, "text", text)

    def require(self, limit: int) -> None:
        """That a survey which takes no more than this takes it.

        Raises:
            CommentTooLong: Beyond `limit` characters.
        """
        if len(self.text) > limit:
            raise CommentTooLong(length=len(self.text), limit=limit)
