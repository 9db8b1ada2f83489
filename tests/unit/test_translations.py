"""Everything that people see is translated: nothing is said past the translators, nothing is left.

What only operators read stays English: the command line, the log, errors of programs.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from runtime.languages import LOCALES, language, spoken

ROOT = Path(__file__).parents[2]
SHIPPED = ("ar", "de", "es", "fr", "pt")
SPOKEN_TO_PEOPLE = ("survey/wording", "bot/commands", "bot/charts", "webapp/page")
"""Where all sentences are for people."""
ENGLISH_IN_ALL_LANGUAGES = {
    "the audit log": "the audit log is one text for all who read it",
    "a round that there is not": "the audit log",
    "an unknown link": "the audit log",
    "their own data": "the audit log",
    "everything about them": "the audit log",
    "text/csv; charset=utf-8": "a media type",
    "left alone for now": "a value in a file for programs, beside `yes` and `no`",
}
_NOT_SAID = {"VoxpopError", "ValueError", "RuntimeError", "NotImplementedError", "TypeVar"}


def catalogue(code: str) -> Catalog:
    with (LOCALES / code / "LC_MESSAGES" / "voxpop.po").open("rb") as file:
        return read_po(file, locale=code)


def template() -> list[Message]:
    with (LOCALES / "voxpop.pot").open("rb") as file:
        return [message for message in read_po(file) if message.id]


def key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def commands(sentence: str) -> list[str]:
    return sorted(re.findall(r"`[^`]*`", sentence))


def test_the_languages_that_people_may_choose_are_these() -> None:
    assert set(spoken()) == {"en", *SHIPPED}
    assert spoken()["de"] == "Deutsch"
    assert spoken()["ar"] == "العربية"


@pytest.mark.parametrize("code", SHIPPED)
def test_every_sentence_is_translated_and_none_is_left_over(code: str) -> None:
    translated = catalogue(code)
    wanted = template()
    known = {key(message) for message in wanted}
    missing = [
        key(message)
        for message in wanted
        if (found := translated.get(key(message))) is None or found.fuzzy or not all(forms(found))
    ]
    assert not missing
    assert not [key(message) for message in translated if message.id and key(message) not in known]


@pytest.mark.parametrize("code", SHIPPED)
def test_translations_keep_fields_and_commands(code: str) -> None:
    translated = catalogue(code)
    for message in template():
        found = translated[key(message)]
        if isinstance(message.id, str):
            assert fields(forms(found)[0]) == fields(message.id), message.id
            assert commands(forms(found)[0]) == commands(message.id), message.id
            continue
        assert len(forms(found)) == translated.num_plurals, message.id
        many = fields(message.id[1])
        for form in forms(found):
            # A form for one or two may do without the number.
            assert many - {"n"} <= fields(form) <= many, (message.id, form)
            assert commands(form) == commands(message.id[1]), message.id


@pytest.mark.parametrize("code", SHIPPED)
def test_no_translation_turns_text_or_hides_signs(code: str) -> None:
    for message in catalogue(code):
        for form in forms(message):
            assert not re.search("[\u200e\u200f\u202a-\u202e\u2066-\u2069\x00-\x08]", form), form


def test_plurals_are_those_of_the_language() -> None:
    sentence = ("{n} question is open for you.", "{n} questions are open for you.")
    arabic = {language("ar").plural(*sentence, n=n) for n in (0, 1, 2, 3, 11, 100)}
    assert len(arabic) == 6
    french = [language("fr").plural(*sentence, n=n) for n in (0, 1, 2)]
    assert french[0][1:] == french[1][1:]
    assert french[1][1:] != french[2][1:]


@pytest.mark.parametrize(
    "file",
    [file for room in SPOKEN_TO_PEOPLE for file in sorted((ROOT / room).rglob("*.py"))],
    ids=lambda file: file.relative_to(ROOT).as_posix(),
)
def test_nothing_is_said_past_the_translators(file: Path) -> None:
    assert not set(untranslated(file.read_text())) - ENGLISH_IN_ALL_LANGUAGES.keys()


def test_a_sentence_past_the_translators_is_found() -> None:
    said = 'def f(language, n):\n    return Card(headline=f"You have {n} more questions.")\n'
    assert list(untranslated(said)) == ["You have  more questions."]
    assert not list(
        untranslated('def f(language):\n    """Says it."""\n    language.text("A b c.")')
    )


TEMPLATES = [
    file
    for room in ("webapp/templates", "bot/email/templates")
    for file in sorted((ROOT / room).iterdir())
    if file.suffix not in {".css", ".js"} and file.name != "reference.html"
]
"""What people see; the reference is for programmers."""


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_no_template_has_words_of_its_own(file: Path) -> None:
    text = re.sub(r"(?s)\{[{%#].*?[}%#]\}", "", file.read_text())
    text = re.sub(r"(?s)<(style|script).*?</\1>|<!--.*?-->|<[^>]*>|&#?\w+;", "", text)
    text = re.sub(r' aria-(describedby|invalid)="[^"]*"', "", text)  # told by a macro
    assert not re.findall(r"[A-Za-z]{3,}", text)


def untranslated(source: str) -> Iterator[str]:
    """What looks like a sentence and goes to nobody who translates."""
    tree = ast.parse(source)
    silent: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            silent.add(node.value)  # a docstring
        elif isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and _is_quiet(node.func)):
            silent.update(ast.walk(node))
        elif isinstance(node, ast.JoinedStr):
            silent.update(node.values)
    for node in ast.walk(tree):
        text = "" if node in silent else _text(node)
        code = re.search(r"[{}]|'self'", text)  # of a page, say
        if " " in text and not code and len(re.findall(r"[A-Za-z]{2,}", text)) >= 3:
            yield text


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _is_quiet(called: ast.expr) -> bool:
    if isinstance(called, ast.Attribute):
        logs = isinstance(called.value, ast.Name) and called.value.id == "log"
        return logs or called.attr in {"text", "plural"}
    return isinstance(called, ast.Name) and called.id in _NOT_SAID
