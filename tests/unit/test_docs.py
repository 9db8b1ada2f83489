"""The pages in `docs/` name everything there is: they are held against the code itself."""

import json
import re
import sqlite3
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel
from sqlalchemy import create_engine
from typer.main import get_command

from bot.grammar import FOR_ADMINISTRATORS, LATER_WORDS, Word
from runtime.cli.app import app
from runtime.settings import PREFIX, load_settings
from runtime.settings.environment import Environment
from runtime.settings.tables import USUAL, ContactTable, SettingsFile, SurveyTable
from storage.tables import metadata
from survey.card import Act
from survey.errors import VoxpopError
from survey.occasion import Trigger
from survey.roster import Meaning

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md"))}
PAGES["../README.md"] = (ROOT / "README.md").read_text(encoding="utf-8")
ANSWERING, ADMINISTRATORS = PAGES["answering.md"], PAGES["administrators.md"]
OPERATORS, SCHEMA = PAGES["operators.md"], PAGES["schema.md"]
LINK = re.compile(r"\]\((?!https?:)([^)\s]+)\)")
ROW = re.compile(r"^\| `([a-z0-9_]+)` \|", re.MULTILINE)
LARGEST_PICTURE = 150_000
"""Bytes."""


def tables_told() -> dict[str, set[str]]:
    """The tables that the page about the schema names, with their columns."""
    parts = re.split(r"^### `([a-z_]+)`", SCHEMA, flags=re.MULTILINE)[1:]
    return {
        name: set(ROW.findall(body)) for name, body in zip(parts[::2], parts[1::2], strict=True)
    }


def commands(group: object, name: str = "voxpop") -> Iterator[str]:
    """Every command of the command line: `voxpop people import`."""
    below = getattr(group, "commands", None)
    if below is None:
        yield name
        return
    for word, command in below.items():
        yield from commands(command, f"{name} {word}")


def options(group: object) -> Iterator[str]:
    """Every option of every command."""
    for command in getattr(group, "commands", {}).values():
        for parameter in command.params:
            yield from (name for name in parameter.opts if name.startswith("--"))
        yield from options(command)


def anchors(page: str) -> set[str]:
    """Where links into a page can lead."""
    titles = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", title.replace("`", "").lower()).replace(" ", "-")
        for title in titles
    }


def test_every_table_and_column_stands_in_the_page_about_the_schema() -> None:
    there = {
        table.name: {column.name for column in table.columns} for table in metadata.sorted_tables
    }
    assert tables_told() == there


def test_the_queries_in_the_page_about_the_schema_run(tmp_path: Path) -> None:
    queries = "".join(re.findall(r"```sql\n(.*?)```", SCHEMA, re.DOTALL)).split(";")
    metadata.create_all(create_engine(f"sqlite:///{tmp_path / 'empty.db'}"))
    database = sqlite3.connect(tmp_path / "empty.db")
    told = [database.execute(query).fetchall() for query in queries if query.strip()]
    database.close()
    assert told
    assert not any(told)  # nothing is in it


@pytest.mark.parametrize("name", sorted(Environment.model_fields))
def test_every_environment_variable_stands_in_the_page_for_operators(name: str) -> None:
    assert f"| `{PREFIX}{name.upper()}` |" in OPERATORS


def test_no_page_names_an_environment_variable_that_there_is_not() -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Environment.model_fields}
    told = {name for page in PAGES.values() for name in re.findall(r"VOXPOP_[A-Z_]+", page)}
    assert told <= known


@pytest.mark.parametrize(
    ("section", "table"),
    [
        ("For everything", SettingsFile),
        ("`[contact]`: limits over all surveys", ContactTable),
        ("`[surveys.NAME]`", SurveyTable),
    ],
)
def test_every_setting_stands_in_the_page_for_administrators(
    section: str, table: type[BaseModel]
) -> None:
    told = ADMINISTRATORS.partition(f"### {section}\n")[2].partition("\n#")[0]
    assert set(ROW.findall(told)) == table.model_fields.keys() - {"contact", "surveys"}


def test_what_the_example_does_not_choose_is_what_comes_by_itself() -> None:
    example = tomllib.loads(ADMINISTRATORS.partition("```toml\n")[2].partition("```")[0])
    given = example["surveys"]["nps"]
    chosen = {"owner", "schedule", "audience", "show_budget"}
    elsewhere = {"question", "after", "wait_minutes", "alert_at"}
    assert given.keys() == SurveyTable.model_fields.keys() - elsewhere
    shown = SurveyTable.model_validate(given).model_dump(exclude=chosen)
    assert shown == SurveyTable(subject=given["subject"]).model_dump(exclude=chosen)


def test_the_settings_on_the_pages_can_be_used(tmp_path: Path) -> None:
    found = [
        text
        for page in PAGES.values()
        for text in re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    ]
    for text in found:
        (tmp_path / "voxpop.toml").write_text(text, encoding="utf-8")
        try:
            settings = load_settings({}, folder=tmp_path)
        except VoxpopError as error:
            pytest.fail(f"{error}\n{text}")
        assert not settings.notices
    assert found


@pytest.mark.parametrize("means", sorted(set(Meaning) - {Meaning.ATTRIBUTE}))
def test_every_column_of_a_roster_stands_in_the_page_for_administrators(means: Meaning) -> None:
    assert f"`{means.value}`" in ADMINISTRATORS


@pytest.mark.parametrize("word", sorted(Word))
def test_every_word_that_can_be_typed_stands_on_the_page_of_those_who_may(word: Word) -> None:
    page = ADMINISTRATORS if word in FOR_ADMINISTRATORS else ANSWERING
    assert re.search(rf"^\| `/nps {word.value}\b", page, re.MULTILINE)


@pytest.mark.parametrize("word", sorted(LATER_WORDS))
def test_words_of_later_versions_are_named_as_such(word: str) -> None:
    assert f"`{word}`" in ADMINISTRATORS
    assert f"/nps {word}" not in "".join(PAGES.values())


@pytest.mark.parametrize("command", sorted(commands(get_command(app))))
def test_every_command_stands_in_a_table(command: str) -> None:
    rows = [line for page in (ADMINISTRATORS, OPERATORS) for line in page.splitlines()]
    assert any(line.startswith("|") and re.search(rf"`{command}\b", line) for line in rows)


@pytest.mark.parametrize("option", sorted(set(options(get_command(app))) - {"--help"}))
def test_every_option_is_named(option: str) -> None:
    assert re.search(rf"{option}\b", ADMINISTRATORS + OPERATORS)


def test_no_page_names_a_command_that_there_is_not() -> None:
    known = set(commands(get_command(app)))
    groups = {command.rpartition(" ")[0] for command in known} - {"voxpop"}
    for name, page in PAGES.items():
        for words in re.findall(r"(?:`|^|\$ |&& |run )(voxpop(?: [a-z]+)+)", page, re.MULTILINE):
            typed = words.split()
            depth = 3 if " ".join(typed[:2]) in groups else 2
            assert " ".join(typed[:depth]) in known, f"{words} in {name}"


def test_every_button_of_a_question_is_explained_to_those_who_answer() -> None:
    labels = {
        Act.LATER: "Later",
        Act.DECLINE: "Not now",
        Act.WHY: "Why me?",
        Act.STOP: "Stop asking",
        Act.CHANGE: "Change",
        Act.UNDO: "Undo",
        Act.REASON: "Add a reason",
        Act.STOP_ALL: "No more surveys from me",
        Act.STOP_THIS: "Not this one",
    }
    assert all(f"`{label}`" in ANSWERING for label in labels.values())


@pytest.mark.parametrize("name", sorted(PAGES))
def test_links_lead_somewhere(name: str) -> None:
    for link in LINK.findall(PAGES[name]):
        path, _, anchor = link.partition("#")
        target = (DOCS / name).parent / path if path else DOCS / name
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


def test_every_page_is_found_from_the_first_one() -> None:
    linked = set(LINK.findall(PAGES["README.md"]))
    assert {path.name for path in DOCS.glob("*.md")} - {"README.md"} <= linked


@pytest.mark.parametrize("picture", sorted((DOCS / "images").iterdir()), ids=lambda path: path.name)
def test_pictures_are_small_and_shown_somewhere(picture: Path) -> None:
    assert picture.stat().st_size < LARGEST_PICTURE
    assert any(f"images/{picture.name})" in page for page in PAGES.values())


def written(value: object) -> str:
    """A value as the settings have it."""
    if value is None:
        return "nobody is told"
    return value if isinstance(value, str) else json.dumps(value)


@pytest.mark.parametrize("trigger", sorted(Trigger))
def test_what_fits_each_kind_of_thing_that_happens_stands_in_the_page_for_administrators(
    trigger: Trigger,
) -> None:
    head = "### Surveys that ask when something has happened\n"
    rows = [
        [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        for line in ADMINISTRATORS.partition(head)[2].partition("\n#")[0].splitlines()
        if line.startswith("|")
    ]
    place = rows[0].index(trigger.value)
    told = {row[0]: row[place] for row in rows[3:]}
    table = SurveyTable.model_validate({"subject": "Acme", "after": trigger.value})
    found = table.model_dump(mode="json", include=set(told))
    found["window"] = [time[:5] for time in found["window"]]
    assert told == {name: written(value) for name, value in found.items()}
    usual = SurveyTable(subject="Acme").model_dump(mode="json")
    assert {name for name in USUAL[trigger] if USUAL[trigger][name] != usual[name]} <= told.keys()
