"""The house's own rules, read from its source."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("survey", "bot", "webapp", "storage", "scheduler", "runtime", "tests", "bench")
OURS = {".py", ".js", ".css", ".html", ".sh"}
LONGEST = 350
SHOWN = {"Card", "Button", "Field", "Dialog", "Reply"}
SPOKEN = {"headline", "note", "label", "title", "intro", "submit", "hint", "description", "thread"}
SOURCES = {
    path.relative_to(ROOT).as_posix(): path
    for room in ROOMS
    for path in sorted((ROOT / room).rglob("*"))
    if path.suffix in OURS and "__pycache__" not in path.parts
}
RULES = [name for name in SOURCES if name.startswith("survey/") and name.endswith(".py")]
# What they say is read at the command line, by whoever runs the service, in English.
FOR_OPERATORS = {
    *(
        f"bot/mattermost/{name}.py"
        for name in ("checkup", "server_settings", "setup", "slash_command")
    ),
    *(f"bot/slack/{name}.py" for name in ("install_page", "manifest", "oauth", "scopes")),
    *(
        f"bot/email/{name}.py"
        for name in ("inbound", "mailbox", "reports", "sendgrid", "sendgrid_events", "smtp")
    ),
}
SPEAKING = [
    name
    for name in SOURCES
    if name.startswith(("survey/wording/", "bot/"))
    and name.endswith(".py")
    and name not in FOR_OPERATORS
]
Found = list[str]


def tree(name: str) -> ast.Module:
    return ast.parse(SOURCES[name].read_text(encoding="utf-8"))


def at(name: str, node: ast.expr) -> str:
    return f"{name}:{node.lineno} {ast.unparse(node)[:70]}"


def literal(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def imported(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


# The rooms


def test_the_rules_import_the_standard_library_and_themselves() -> None:
    allowed = sys.stdlib_module_names | {"survey"}
    strangers = {
        name: sorted({module for module in imported(tree(name)) if root_of(module) not in allowed})
        for name in RULES
    }
    assert {name: modules for name, modules in strangers.items() if modules} == {}


def root_of(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


def test_the_rules_do_no_io() -> None:
    doors = {"asyncio", "socket", "ssl", "http", "urllib", "sqlite3", "smtplib", "imaplib", "os"}
    doors |= {"subprocess", "threading", "multiprocessing", "logging", "pathlib", "shutil"}
    opened = {
        name: sorted({root_of(module) for module in imported(tree(name))} & doors) for name in RULES
    }
    assert {name: modules for name, modules in opened.items() if modules} == {}
    # `io` is there for texts in memory, which others keep.
    files = [
        at(name, node)
        for name in RULES
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"open", "io.open"}
    ]
    assert files == []
    assert not [name for name in RULES if "from io import" in Path(name).read_text()]


def test_the_rules_never_ask_the_machine_for_the_time() -> None:
    asked = [
        at(name, node)
        for name in RULES
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"now", "utcnow", "today"}
    ]
    assert asked == []


def test_local_zones_live_in_one_module() -> None:
    made = [
        at(name, node)
        for name in RULES
        if name != "survey/localtime.py"
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "ZoneInfo"
    ]
    assert made == []


def test_no_file_is_longer_than_a_person_reads() -> None:
    lengths = {
        name: len(path.read_bytes().splitlines())
        for name, path in SOURCES.items()
        if name.endswith(".py") and not name.startswith("tests/")
    }
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST} == {}


# What is said can be translated


def sentences() -> Iterator[tuple[str, ast.Call, list[ast.expr]]]:
    """Calls of `language.text` and `language.plural`, and the arguments that are sentences."""
    for name in SPEAKING:
        for node in ast.walk(tree(name)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                speaker = ast.unparse(node.func.value)
                if node.func.attr in {"text", "plural"} and "language" in speaker.lower():
                    yield name, node, node.args[: 1 if node.func.attr == "text" else 2]


SENTENCES = list(sentences())


def test_there_are_sentences_to_look_at() -> None:
    assert len(SENTENCES) > 100
    assert {name.split("/")[0] for name, _, _ in SENTENCES} == {"survey", "bot"}


def test_every_sentence_is_a_literal_that_translators_get() -> None:
    hidden = [
        at(name, call)
        for name, call, said in SENTENCES
        if not said or any(literal(sentence) is None for sentence in said)
    ]
    assert hidden == []


def test_every_field_of_a_sentence_is_filled_and_no_other() -> None:
    wrong: Found = []
    for name, call, said in SENTENCES:
        given = {keyword.arg for keyword in call.keywords}
        if None in given:  # **fields, checked where the goldens are read
            continue
        named: set[str | None] = {
            field
            for sentence in said
            for _, field, _, _ in Formatter().parse(literal(sentence) or "")
            if field is not None
        }
        counted = {"n"} if len(said) > 1 else set()
        if named - counted != given - counted:
            wrong.append(at(name, call))
    assert wrong == []


def test_sentences_look_like_sentences() -> None:
    odd = [
        at(name, call)
        for name, call, said in SENTENCES
        for sentence in said
        if (text := literal(sentence)) is not None
        and (text != text.strip() or "  " in text or "{}" in text or "%s" in text)
    ]
    assert odd == []


def refusing(module: ast.Module) -> set[ast.AST]:
    """Nodes inside of what is raised: those words are for operators."""
    errors = {"super().__init__", "OutOfDate"}
    return {
        inner
        for node in ast.walk(module)
        if isinstance(node, ast.Raise)
        or (isinstance(node, ast.Call) and ast.unparse(node.func) in errors)
        for inner in ast.walk(node)
    }


def is_glued(node: ast.AST) -> bool:
    """Whether this joins words, or a word and its full stop, rather than whole sentences."""
    if isinstance(node, ast.JoinedStr):
        parts = [literal(part) or "" for part in node.values]
        return any(re.search(r"[^\W\d_]\s|\s[^\W\d_]|^[.,;!?]+$", part) for part in parts)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        return literal(node.left) is not None or literal(node.right) is not None
    return False


def test_no_sentence_is_glued() -> None:
    glued: Found = []
    for name in SPEAKING:
        module = tree(name)
        exempt = refusing(module)
        glued += [
            at(name, node)
            for node in ast.walk(module)
            if isinstance(node, ast.expr) and node not in exempt and is_glued(node)
        ]
    assert glued == []


def test_nothing_is_said_past_the_translators() -> None:
    said: Found = []
    for name in SPEAKING:
        for node in ast.walk(tree(name)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in SHOWN:
                for keyword in node.keywords:
                    text = literal(keyword.value)
                    if keyword.arg in SPOKEN and text and re.search(r"[^\W\d_]{2}", text):
                        said.append(at(name, keyword.value))
    assert said == []


@pytest.mark.parametrize(
    ("source", "glued"),
    [
        ("f'{one} · {other}'", False),
        ("f'{name}: {value}'", False),
        ("f'`{usage}` {says}'", False),
        ("f'You said {score}'", True),
        ("f'{n} answers'", True),
        ("f'{sentence}.'", True),
        ("until + '.'", True),
        ("'%d answers' % n", True),
        ("lines + more", False),
    ],
)
def test_glue_is_told_from_joints(source: str, *, glued: bool) -> None:
    assert is_glued(ast.parse(source, mode="eval").body) is glued
