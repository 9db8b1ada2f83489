"""Texts as files: what people read is compared with what stands in the file of its name.

`WRITE_GOLDENS=1` writes them anew; read the difference before you keep it.
"""

import os
from collections.abc import Iterable
from difflib import unified_diff
from pathlib import Path

import pytest

from survey.card import Card, Dialog, Style

HERE = Path(__file__).parent
WRITING = bool(os.environ.get("WRITE_GOLDENS"))


def shown(card: Card) -> str:
    """A card as text: its words, score buttons in a row, the others in another."""
    words = [card.greeting, f"**{card.headline}**", *card.lines]
    rows = [*words, f"_{card.note}_" if card.note else ""]
    scores = [f"[{b.label}]" for b in card.buttons if b.style is Style.SCORE]
    others = [f"[{b.label}]" for b in card.buttons if b.style is not Style.SCORE]
    return "\n".join(row for row in (*rows, " ".join(scores), " ".join(others)) if row)


def filled_in(dialog: Dialog) -> str:
    """A form as text: title, introduction, its fields with their values, the button."""
    rows = [f"**{dialog.title}**", dialog.intro]
    for field in dialog.fields:
        rows += [field.label, f"<{field.value}> at most {field.max_length}", f"_{field.hint}_"]
    return "\n".join([*rows, f"[{dialog.submit}]"])


def compare(folder: str, name: str, text: str, *, suffix: str = "txt") -> None:
    """Fail with the difference if the file does not hold this text."""
    path = HERE / folder / f"{name}.{suffix}"
    if WRITING:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n", encoding="utf-8")
        return
    golden = path.read_text(encoding="utf-8") if path.exists() else ""
    difference = unified_diff(
        golden.splitlines(), text.splitlines(), str(path.relative_to(HERE)), "now", lineterm=""
    )
    if changed := "\n".join(difference):
        pytest.fail(f"{changed}\n\nWRITE_GOLDENS=1 keeps it.", pytrace=False)


def compare_names(folder: str, cases: Iterable[str]) -> None:
    """Fail if a file is left over that no case writes."""
    assert {path.stem for path in (HERE / folder).iterdir()} <= set(cases)
