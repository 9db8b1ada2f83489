"""What is wrong with a setting: its name, what it looks like, why it does not fit, what would."""

import difflib
from collections.abc import Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from runtime.logs import one_line

SECRETS = {
    *("secret_key", "metrics_token", "database_url", "backstage__token"),
    *("mattermost__token", "mattermost__command_token", "mattermost__admin_token"),
    *("slack__bot_token", "slack__signing_secret", "slack__app_token", "slack__client_secret"),
    *("email__smtp_url", "email__fallback_smtp_url", "email__bounces_imap_url"),
    *("email__sendgrid_key", "email__sendgrid_webhook_key"),
    *("tickets__secrets", "tickets__zammad_token", "tickets__zendesk_secret"),
    *("tickets__jira_secret", "llm__api_key"),
}
_ADDRESSES = {
    *("base_url", "backstage__url", "mattermost__url", "mattermost__callback_url"),
    *("slack__api_url", "email__sendgrid_url", "llm__base_url", "archive_url"),
}
"""What might have a password in it by mistake."""
_TABLE_WANTED = {"model_type", "dict_type"}
_SHOWN = 60


def checked(model: type[Any], given: Mapping[str, Any], name_of: Any, problems: list[str]) -> Any:
    """The model, or None with the problems told: a line each, with what would fit."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        for found in error.errors():
            # Of a key in a table it says so behind the key itself.
            parts = tuple(str(part) for part in found["loc"] if part != "[key]")
            problems.append(_problem(model, name_of(parts), parts, found))
        return None


def _problem(model: type[BaseModel], name: str, parts: tuple[str, ...], found: Any) -> str:
    if found["type"] == "extra_forbidden":
        return unknown(name, _known(model, parts), typed=parts[-1])
    if found["type"] == "missing":
        return f'{name} is missing: write it, such as {parts[-1]} = "Acme".'
    why = str(found["msg"]).removeprefix("Value error, ").rstrip(".")
    if found["type"] in _TABLE_WANTED:
        why = f"it is a table, [{'.'.join(parts)}]"
    return f"{name} is {_shape(parts, found['input'])}: {why}."


def _known(model: type[BaseModel], parts: tuple[str, ...]) -> list[str]:
    """What is known in the table in which something stands that is not."""
    table: Any = model
    for part in parts[:-1]:
        if get_origin(table) is dict:
            _, table = get_args(table)
        else:
            table = table.model_fields[part].annotation
    return list(table.model_fields)


def unknown(name: str, known: list[str], *, typed: str | None = None) -> str:
    """The value is left out: it may be a secret in the wrong place."""
    word = (typed or name.upper())[:100]
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    mend = f"did you mean {near[0]}?" if near else f"it knows {', '.join(known)}."
    return f"{name[:200]} is not known to this version; {mend}"


def _shape(parts: tuple[str, ...], value: Any) -> str:
    """What a value looks like: all of it for most, its length for a secret."""
    if parts[0] in SECRETS or (parts[0] in _ADDRESSES and set("@?#") & set(value)):
        return f"a secret of {len(str(value))} characters"
    if isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(one, dict | list) for one in value)
    ):
        return f"a {'table' if isinstance(value, dict) else 'list'} of {len(value)}"
    text = one_line(repr(value))
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
