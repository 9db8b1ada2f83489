"""How a roster file is written: found out, told, or refused with a mend."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from survey.errors import InvalidValue
from survey.roster import Meaning, read_table

TEXT = "email,name,team\nada@example.org,Zoë Ångström,Sales\nbob@example.org,Bob,\n"
ROWS = [(2, ["ada@example.org", "Zoë Ångström", "Sales"]), (3, ["bob@example.org", "Bob", ""])]


def rows_of(content: bytes) -> list[tuple[object, list[str]]]:
    return [(row.place, list(row.cells)) for row in read_table(content)]


@pytest.mark.parametrize(
    ("codec", "told", "sure"),
    [
        ("utf-8", "UTF-8", True),
        ("utf-8-sig", "UTF-8 with a byte order mark", True),
        ("utf-16", "UTF-16", True),
        ("latin-1", "Latin-1 (ISO 8859-1)", False),
    ],
)
@pytest.mark.parametrize(("end", "ends"), [("\n", "LF"), ("\r\n", "CRLF"), ("\r", "bare CR")])
@pytest.mark.parametrize(("sign", "words"), [(",", "commas"), (";", "semicolons"), ("\t", "tabs")])
def test_fault_61_encoding_delimiter_and_line_ends_are_found_out_and_told(
    codec: str, told: str, sure: bool, end: str, ends: str, sign: str, words: str
) -> None:
    content = TEXT.replace(",", sign).replace("\n", end).encode(codec)
    form = read_table(content).form

    assert (form.encoding, form.sure) == (told, sure)
    assert (form.delimited_by, form.line_ends) == (words, ends)
    assert rows_of(content) == ROWS


def test_fault_61_a_curly_apostrophe_of_windows_is_no_latin_1() -> None:
    table = read_table("email,name\na@example.org,Liam O\u2019Brien\n".encode("cp1252"))

    assert table.form.encoding == "Windows-1252"
    assert not table.form.sure
    assert [row.cells[1] for row in table] == ["Liam O\u2019Brien"]


def test_a_named_encoding_is_taken_at_its_word() -> None:
    content = "email,name\na@example.org,Łukasz\n".encode("iso-8859-2")

    assert [row.cells[1] for row in read_table(content)] == ["£ukasz"]
    assert [row.cells[1] for row in read_table(content, encoding="iso-8859-2")] == ["Łukasz"]


def test_columns_are_known_in_any_case_and_the_others_are_attributes() -> None:
    columns = read_table(b" E-Site ,EMAIL, Time_Zone,Locale \n").columns

    assert [(column.name, column.means) for column in columns] == [
        ("E-Site", Meaning.ATTRIBUTE),
        ("EMAIL", Meaning.EMAIL),
        ("Time_Zone", Meaning.ATTRIBUTE),
        ("Locale", Meaning.LOCALE),
    ]
    assert [column.near for column in columns] == [None, None, "timezone", None]


def test_what_excel_writes_above_a_table_is_no_header() -> None:
    content = b"sep=;\r\nemail;name\r\na@example.org;Doe, Jane\r\n"

    assert rows_of(content) == [(3, ["a@example.org", "Doe, Jane"])]


def test_empty_lines_count_and_line_breaks_in_quotes_do_not_break_the_count() -> None:
    content = b'\n\nemail,name\n\na@example.org,"two\nlines"\n,\nb@example.org,B\n'

    assert [place for place, _ in rows_of(content)] == [5, 8]


@pytest.mark.parametrize(
    ("content", "why", "mend"),
    [
        (b"", "empty", ""),
        (b" \r\n", "empty", ""),
        (b"name,team\nx,y\n", "No column is named email", "'name', 'team'"),
        (b"E-Mail,name\n", "No column is named email", "rename 'E-Mail' to email"),
        (b"a@example.org,Ada\n", "No column is named email", "the first line names the columns"),
        (b"email|name\n", "No column is named email", "rename 'email|name' to email"),
        (b"email,,name\n", "Column 2 has no name", "delete the column"),
        (b"email,Team,team\n", "Columns 2 and 3 are both named", "rename or delete"),
        (b"email,name\n\0\0", "NUL bytes", "CSV UTF-8"),
        ("email,name\n".encode("utf-16-le"), "NUL bytes", "UTF-16 without its mark"),
        (b"PK\x03\x04rest", "workbook", "CSV UTF-8"),
        (b"\xff\xfee", "says that it is UTF-16", "CSV UTF-8"),
        (b"email,name\na@example.org,Zo\xc3\xab\nb@example.org,J\xf6rg\n", "mixes", "line 3"),
        (b"email;x,email\n", "commas or at semicolons", "without these signs"),
    ],
)
def test_a_file_that_cant_be_read_says_why_and_what_helps(
    content: bytes, why: str, mend: str
) -> None:
    with pytest.raises(InvalidValue) as refused:
        read_table(content)

    assert why in str(refused.value)
    assert mend in str(refused.value)


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_quotes_that_dont_pair_up_are_told_with_their_line(end: bytes) -> None:
    content = end.join([b"email,name", b"a@example.org,A", b'b@example.org,"B', b"c@example.org,C"])

    with pytest.raises(InvalidValue, match="quotes on line 3 don't pair up"):
        list(read_table(content))


def test_an_encoding_that_does_not_exist_or_fit_is_refused() -> None:
    with pytest.raises(InvalidValue, match="no encoding 'klingon'"):
        read_table(b"email\n", encoding="klingon")
    with pytest.raises(InvalidValue, match="not written in utf-8"):
        read_table(b"email\n\xf6\n", encoding="utf-8")


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12).map(
    str.strip
)


@given(
    cells=st.lists(st.tuples(CELL.filter(bool), CELL, CELL), max_size=8),
    sign=st.sampled_from(",;\t"),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
@example(cells=[('"', "\n", ";")], sign=";", end="\r", codec="utf-8")
def test_what_a_spreadsheet_writes_is_read_back(
    cells: list[tuple[str, str, str]], sign: str, end: str, codec: str
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=sign, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(["email", "name", "team"])
    writer.writerows(cells)

    table = read_table(text.getvalue().encode(codec))

    assert [tuple(row.cells) for row in table] == cells


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_a_sentence(content: bytes) -> None:
    try:
        found = list(read_table(b"email,name\n" + content))
    except InvalidValue as error:
        assert str(error).endswith((".", ")."))  # noqa: PT017 - a refusal is a fine answer
    else:
        assert all(row.cells for row in found)


@pytest.mark.parametrize("sign", ["", ",", ";"])
def test_a_header_without_end_is_refused_with_a_sentence(sign: str) -> None:
    with pytest.raises(InvalidValue, match=r"A cell on line 1 has more than 131,072 characters"):
        read_table(f"email{sign}{'x' * 200_000}\n".encode())


def test_a_cell_that_is_too_long_is_told_by_its_line() -> None:
    table = read_table(f"email,name\na@example.org,A\nb@example.org,{'x' * 200_000}\n".encode())
    with pytest.raises(InvalidValue, match=r"A cell on line 3 has more than 131,072 characters"):
        list(table)
