"""Rows of a roster: people, or a reason and a mend for each that can't be taken."""

from datetime import date

import pytest

from runtime.roster_rules import rules
from survey.contact import HOLIDAYS
from survey.errors import InvalidValue
from survey.person import Address
from survey.roster import Checked, Entry, Refused, check_rows, parse_absence, read_table

RULES = rules()


def check(text: str) -> Checked:
    table = read_table(text.encode())
    return check_rows(table.columns, table, RULES)


def only(header: str, row: str) -> Entry:
    checked = check(f"{header}\n{row}\n")
    assert checked.refused == []
    return checked.entries[0]


def refusal(header: str, *rows: str) -> Refused:
    checked = check("\n".join([header, *rows]))
    (refused,) = checked.refused
    return refused


def test_a_row_becomes_a_person() -> None:
    entry = only(
        "email,name,timezone,locale,mattermost,slack,away_from,away_until,team,Site",
        " Ada@Example.org , Ada Okafor ,Europe/Berlin,pt-BR,@ada,U1,2026-12-24,2027-01-02,Sales,",
    )

    assert (entry.email, entry.name) == ("ada@example.org", "Ada Okafor")
    assert (entry.timezone, entry.locale) == ("Europe/Berlin", "pt_BR")
    assert entry.attributes == {"team": "Sales"}
    assert entry.addresses == (
        Address(platform="mattermost", workspace="", user_id="ada"),
        Address(platform="slack", workspace="", user_id="U1"),
    )
    assert (entry.away_from, entry.away_until) == (date(2026, 12, 24), date(2027, 1, 2))


def test_an_e_mail_alone_is_enough() -> None:
    entry = only("email", "ada@example.org")

    assert entry.name == "ada@example.org"
    assert (entry.timezone, entry.locale, entry.attributes) == (None, None, {})


def test_whose_public_holidays_they_have_is_written_as_the_calendars_know_it() -> None:
    entry = only("email,team,Holidays", "a@example.org,Sales,de-be")
    assert entry.attributes == {"team": "Sales", HOLIDAYS: "DE-BE"}
    assert only("email,team,holidays", "a@example.org,Sales,").attributes == {"team": "Sales"}


def test_names_that_look_like_formulas_are_names() -> None:
    assert only("email,name,team", "a@example.org,=cmd|'/c'!A1,+1").name == "=cmd|'/c'!A1"


def test_the_same_word_in_two_ways_of_writing_is_one_group() -> None:
    checked = check(
        "email,team\na@example.org,Se\u0301curite\u0301\nb@example.org,S\u00e9curit\u00e9\n"
    )

    assert len({entry.attributes["team"] for entry in checked.entries}) == 1


@pytest.mark.parametrize(
    ("header", "row", "reason", "mend"),
    [
        ("email", "foo@", "'foo@' is no e-mail address", "name@example.org"),
        ("email,name", ",Nobody", "no e-mail", "leave them out"),
        ("email", "=?utf-8?q?x?=@example.org", "looks like an encoded word", "name@example.org"),
        ("email,timezone", "a@example.org,Berlin", "no time zone 'Berlin'", "Europe/Berlin"),
        ("email,timezone", "a@example.org,europe/berlin", "no time zone", "Europe/Berlin"),
        ("email,timezone", "a@example.org,Europe/Berlim", "no time zone", "Europe/Berlin"),
        ("email,timezone", "a@example.org,../etc/passwd", "no time zone", "an IANA name"),
        ("email,locale", "a@example.org,klingon", "no locale 'klingon'", "de or pt_BR"),
        ("email,holidays", "a@example.org,Germany", "holidays of 'Germany'", "DE, DE-BE or US-CA"),
        ("email,Holidays", "a@example.org,DE-QQ", "holidays of 'DE-QQ'", "DE, DE-BE or US-CA"),
        ("email,away_from", "a@example.org,24.12.2026", "is no date", "2026-12-24"),
        ("email,away_until", "a@example.org,2026-02-30", "is no date", "2026-12-24"),
        (
            "email,away_from,away_until",
            "a@example.org,2026-12-24,2026-12-23",
            "comes before",
            "change one",
        ),
        ("email,name,team", "a@example.org,A", "2 cells where the header has 3", "there are 3"),
        ("email,name", "a@example.org,Doe, Jane", "3 cells where", "into quotes"),
        ("email,name", "a@example.org," + "x" * 201, "name has 201 characters", "at most 200"),
        ("email,name", 'a@example.org,"two\nlines"', "name has line breaks", "one line"),
        ("email,name", "a@example.org,bell\x07", "can't be seen", "type it anew"),
        ("email,name", "a@example.org,\u202egro.live", "can't be seen", "type it anew"),
    ],
)
def test_a_row_that_cant_be_taken_says_why_and_what_helps(
    header: str, row: str, reason: str, mend: str
) -> None:
    refused = refusal(header, row)

    assert refused.place == 2
    assert reason in refused.reason
    assert mend in refused.mend


def test_who_comes_twice_stands_where_they_came_first() -> None:
    checked = check("email,name\nada@example.org,Ada\nADA@Example.ORG,Again\n")

    assert [entry.name for entry in checked.entries] == ["Ada"]
    assert checked.refused[0].place == 3
    assert checked.refused[0].reason == "'ada@example.org' stands in line 2 already"


@pytest.mark.parametrize("platform", ["mattermost", "slack"])
def test_an_account_belongs_to_one_person(platform: str) -> None:
    refused = refusal(f"email,{platform}", "a@example.org,@Ada", "b@example.org,ada")

    assert refused.place == 3
    assert refused.reason == f"{platform} 'ada' is in line 2 already"


def test_a_row_tells_everything_that_is_wrong_with_it() -> None:
    refused = refusal("email,timezone,locale", "foo,Mars,xx-yy-zz-q")

    assert refused.email == ""
    assert [word in refused.reason for word in ("e-mail", "time zone", "locale")] == [True] * 3


def test_an_absence_may_be_open_at_either_end() -> None:
    assert parse_absence("2026-12-24", "") == (date(2026, 12, 24), None)
    assert parse_absence("", "2026-12-24") == (None, date(2026, 12, 24))
    with pytest.raises(InvalidValue, match="20261224"):
        parse_absence("20261224", "")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Ada.Okafor+x@EXAMPLE.org", "ada.okafor+x@example.org"),
        ("o'brien@example.org", "o'brien@example.org"),
        ("jörg@example.org", "jörg@example.org"),
    ],
)
def test_addresses_are_kept_in_lower_case(given: str, kept: str) -> None:
    assert RULES.email(given) == kept


@pytest.mark.parametrize(
    "given",
    [
        "a@b@example.org",
        "a@localhost",
        ".a@example.org",
        "a..b@example.org",
        "a@-example.org",
        "a b@example.org",
        "@example.org",
        "a@" + "x." * 125 + "org",
        "a" * 250 + "@example.org",
    ],
)
def test_what_is_no_address_is_none(given: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        RULES.email(given)


@pytest.mark.parametrize("email", ["ada@acme.test", "ada@corp.local"])
def test_addresses_of_an_own_network_are_taken(email: str) -> None:
    assert rules().email(email.upper()) == email


@pytest.mark.parametrize("email", ["ada@localhost", "ada@local", "ada@acme.invalid"])
def test_addresses_that_lead_nowhere_are_not(email: str) -> None:
    with pytest.raises(ValueError, match="@-sign"):
        rules().email(email)
