"""How a roster file is written: found out and told, never silently guessed."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from survey.errors import InvalidValue
from survey.roster.columns import Column, Meaning, Row, meaning_of, name_columns

MAX_BYTES = 256 * 1024 * 1024
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 with a byte order mark"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_LONG_FORMS = re.compile(rb"[\xc2-\xf4][\x80-\xbf]+")
_ONLY_WINDOWS = re.compile(rb"[\x80-\x9f]")
_SAVE = 'save it as "CSV UTF-8 (comma delimited)"'


@dataclass(frozen=True, kw_only=True)
class Form:
    """How a file is written.

    Attributes:
        encoding: In words.
        codec: Python's name of it.
        sure: False if the bytes fit and could mean something else.
        delimiter: The sign between cells; empty if there is one column only.
        line_ends: LF, CRLF or CR, or several of them.
    """

    encoding: str
    codec: str
    sure: bool
    delimiter: str
    line_ends: str

    @property
    def delimited_by(self) -> str:
        """The delimiter in words."""
        return DELIMITERS.get(self.delimiter, "one column, no delimiter")


@dataclass(frozen=True, kw_only=True)
class Table:
    """A file whose header was understood; its rows can be gone through, several times.

    Attributes:
        form: How it is written.
        columns: What its columns mean.
        content: The file.
    """

    form: Form
    columns: tuple[Column, ...]
    content: bytes

    def __iter__(self) -> Iterator[Row]:
        """The rows below the header, empty ones left out.

        Raises:
            InvalidValue: If the quotes don't pair up, or a cell is too long.
        """
        records = _records(self.content, self.form)
        next(records)
        for line, cells in records:
            yield Row(place=line, cells=cells)


def read_table(content: bytes, *, encoding: str | None = None) -> Table:
    """Find out how a file is written, and what its columns mean.

    Args:
        content: The file.
        encoding: What it is written in, for whoever knows; otherwise it is found out.

    Raises:
        InvalidValue: If the file as a whole can't be read: why, and what would help.
    """
    if not content.strip():
        raise InvalidValue("The file is empty.")
    if len(content) > MAX_BYTES:
        raise InvalidValue(f"The file has more than {MAX_BYTES // 1024**2} MB: split it.")
    if content.startswith(_WORKBOOKS):
        raise InvalidValue(f"This is a workbook or archive and no CSV file: {_SAVE} in Excel.")
    codec, words, sure = _named(content, encoding) if encoding else _encoding(content)
    first = _first_line(content, codec)
    form = Form(
        encoding=words,
        codec=codec,
        sure=sure,
        delimiter=_delimiter(first),
        line_ends=_line_ends(content, codec),
    )
    header = next(_records(content, form), None)
    if header is None:
        raise InvalidValue("The file has no header: its first line names the columns.")
    return Table(form=form, columns=name_columns(header[1]), content=content)


def _named(content: bytes, encoding: str) -> tuple[str, str, bool]:
    try:
        codec = codecs.lookup(encoding).name
        content.decode(codec)
    except LookupError as error:
        raise InvalidValue(
            f"There is no encoding {encoding!r}; use utf-8, utf-16, latin-1 or cp1252."
        ) from error
    except (UnicodeError, ValueError) as error:
        raise InvalidValue(f"The file is not written in {encoding}: {error}.") from error
    if codec == "utf-8" and content.startswith(codecs.BOM_UTF8):
        codec = "utf-8-sig"
    return codec, f"{encoding}, as you say", True


def _encoding(content: bytes) -> tuple[str, str, bool]:
    """Codec, words, and whether it can't be anything else."""
    for mark, codec, words in _MARKS:
        if content.startswith(mark):
            try:
                content.decode(codec)
            except UnicodeDecodeError as error:
                raise InvalidValue(
                    f"The file says that it is {words}, and byte {error.start} is not: {_SAVE}."
                ) from error
            return codec, words, True
    if b"\0" in content:
        raise InvalidValue(
            f"The file has NUL bytes: it is no text, or UTF-16 without its mark; {_SAVE}."
        )
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return _single_byte(content, error)
    return "utf-8", "UTF-8", True


def _single_byte(content: bytes, error: UnicodeDecodeError) -> tuple[str, str, bool]:
    for found in _LONG_FORMS.finditer(content):
        if _is_utf8(found[0]):
            line = _line_at(content, error.start)
            other = _line_at(content, found.start())
            raise InvalidValue(
                f"The file mixes encodings: line {other} is UTF-8 and line {line} is not. "
                f"Open it, mend line {line}, and {_SAVE}; or say the encoding (--encoding cp1252)."
            )
    try:
        content.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1", "Latin-1 (ISO 8859-1)", False
    if _ONLY_WINDOWS.search(content):
        return "cp1252", "Windows-1252", False
    return "latin-1", "Latin-1 (ISO 8859-1)", False


def _is_utf8(part: bytes) -> bool:
    try:
        part.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _line_at(content: bytes, place: int) -> int:
    before = content[:place]
    return 1 + before.count(b"\n") + before.count(b"\r") - before.count(b"\r\n")


def _first_line(content: bytes, codec: str) -> str:
    """The line that the delimiter is decided from."""
    with io.TextIOWrapper(io.BytesIO(content), encoding=codec, newline=None) as lines:
        return next((line.rstrip("\n") for line in lines if line.strip() and not _told(line)), "")


def _told(line: str) -> str:
    """What Excel writes above a table to say how it is delimited."""
    word = line.strip("\r\n").strip('"').lower()
    return word.removeprefix("sep=") if word.startswith("sep=") and len(word) <= 5 else ""  # noqa: PLR2004 - sep=;


def _delimiter(header: str) -> str:
    """The one that cuts a column `email` out of the header."""
    fitting = []
    for sign in DELIMITERS:
        try:
            cells = next(csv.reader([header], delimiter=sign, skipinitialspace=True), [])
        except csv.Error:  # a cell without end, if this were the sign
            continue
        if len(cells) > 1 and Meaning.EMAIL in {meaning_of(cell) for cell in cells}:
            fitting.append(sign)
    if len(fitting) > 1:
        raise InvalidValue(
            f"The header could be cut at {' or at '.join(DELIMITERS[sign] for sign in fitting)}: "
            "name the columns without these signs."
        )
    if fitting:
        return fitting[0]
    if meaning_of(header.strip().strip('"')) is Meaning.EMAIL:
        return ""
    # None fits: the likeliest one makes the clearest complaint.
    return max(DELIMITERS, key=header.count) if any(map(header.count, DELIMITERS)) else ""


def _line_ends(content: bytes, codec: str) -> str:
    wide = codec.startswith(("utf-16", "utf-32"))
    plain = content.decode(codec).encode("utf-8", "replace") if wide else content
    both = plain.count(b"\r\n")
    found = {
        "CRLF": both,
        "LF": plain.count(b"\n") - both,
        "bare CR": plain.count(b"\r") - both,
    }
    return " and ".join(name for name, times in found.items() if times) or "none"


def _records(content: bytes, form: Form) -> Iterator[tuple[int, list[str]]]:
    """The line on which each record begins, and its cells; empty records are left out."""
    with io.TextIOWrapper(io.BytesIO(content), encoding=form.codec, newline="") as lines:
        reader = csv.reader(
            lines, delimiter=form.delimiter or ",", strict=True, skipinitialspace=True
        )
        before = 0
        try:
            for cells in reader:
                line, before = before + 1, reader.line_num
                blank = not any(map(str.strip, cells))
                if not blank and not (line == 1 and _is_told(cells, form.delimiter)):
                    yield line, cells
        except csv.Error as error:
            if str(error).startswith("field larger"):
                raise InvalidValue(
                    f"A cell on line {before + 1} has more than {csv.field_size_limit():,} "
                    "characters, which is too long: shorten it, or look for a quote before it that "
                    "is not closed."
                ) from error
            raise InvalidValue(
                f"The quotes on line {before + 1} don't pair up ({error}): a cell that begins with "
                'a quote ends with one, and a quote inside of it is written twice, "".'
            ) from error


def _is_told(cells: list[str], delimiter: str) -> bool:
    return bool(_told(delimiter.join(cells)))
