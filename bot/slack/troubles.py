"""What Bolt and the SDK have to say, as events: their own lines have tokens and bodies in them."""

import logging

import structlog
from slack_sdk.errors import SlackApiError

log = structlog.get_logger()


class _Told(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """Why something went wrong; nothing of what it went wrong with."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, SlackApiError):
            log.warning("slack_sdk_refused", reason=str(error.response.get("error")))
        elif error is not None:
            log.warning("slack_sdk_trouble", reason=type(error).__name__)


def quiet_logger(name: str) -> logging.Logger:
    """A logger for them that tells errors alone, by their kind."""
    logger = logging.getLogger(name)
    logger.setLevel(logging.ERROR)
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(_Told())
    return logger
