"""`voxpop people` as an administrator runs it: real processes in a folder of their own."""

from pathlib import Path

import pytest

from tests.command_line import Office

GOOD = "Email;Name;Team\r\nann@example.org;Zoë Ann;Sales\r\nben@example.org;Ben;Platform\r\n"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_a_roster_is_previewed_imported_listed_and_pruned(office: Office) -> None:
    file = office.write("people.csv", GOOD, "latin-1")

    preview = office.people("import", file, "--dry-run")
    assert preview.code == 0
    assert "Written in Latin-1 (ISO 8859-1), semicolons, line ends CRLF." in preview.out
    assert "It is not UTF-8" in preview.out
    assert "Zoë Ann <ann@example.org>, Team=Sales" in preview.out
    assert "2 rows: 2 new," in preview.out
    assert preview.out.endswith("This was a dry run: nothing was changed.\n")
    assert office.people("list", "--json").json == []

    done = office.people("import", file)
    assert (done.code, done.out.splitlines()[-1]) == (0, "Done.")
    again = office.people("import", file, "--json").json
    assert (again["new"], again["unchanged"], again["written"]) == (0, 2, True)
    sales = office.people("list", "--attribute", "Team=Sales", "--json").json
    assert [(one["email"], one["source"], one["active"]) for one in sales] == [
        ("ann@example.org", "csv", True)
    ]

    one = office.write("one.csv", "email\nann@example.org\n")
    assert "--prune deactivates them" in office.people("import", one).out
    assert "1 deactivated" in office.people("import", one, "--prune").out
    left = office.people("list", "--inactive")
    assert [line.split()[0] for line in left.out.splitlines()[1:]] == ["ben@example.org"]


def test_refused_rows_hold_the_roster_back_until_they_are_skipped(office: Office) -> None:
    file = office.write("people.csv", GOOD + "ANN@example.org;Ann;\r\nfoo@;Foo;\r\n")

    held = office.people("import", file)
    assert held.code == 1
    assert "line 4: 'ann@example.org' stands in line 2 already; keep one of the rows" in held.out
    assert "line 5: 'foo@' is no e-mail address" in held.out
    assert "Nothing was imported" in held.out
    assert office.people("list", "--json").json == []

    told = office.people("import", file, "--json")
    assert told.code == 1
    assert [row["line"] for row in told.json["refused"]] == [4, 5]
    assert office.people("import", file, "--skip-refused").code == 0
    assert len(office.people("list", "--json").json) == 2


def test_a_file_that_cant_be_read_is_refused_in_a_sentence(office: Office) -> None:
    bad = office.write("bad.csv", "E-Mail,Name\n")
    nowhere = office.people("import", "nowhere.csv")

    assert office.people("import", bad).said == (
        "bad.csv: No column is named email; there is 'E-Mail', 'Name': rename 'E-Mail' to email.\n"
    )
    assert (nowhere.code, nowhere.said) == (
        1,
        "I can't read nowhere.csv: No such file or directory.\n",
    )


def test_an_absence_is_noted_and_taken_back(office: Office) -> None:
    office.people("import", office.write("people.csv", GOOD))

    noted = office.people(
        "away", "ann@example.org", "--from", "2026-12-24", "--until", "2027-01-02"
    )
    wrong = office.people("away", "ann@example.org", "--from", "24.12.")
    nobody = office.people("away", "x@example.org", "--clear")
    nothing = office.people("away", "ann@example.org")

    assert noted.out == "ann@example.org is away from 2026-12-24 until 2027-01-02.\n"
    assert (wrong.code, nothing.code) == (2, 2)
    assert wrong.said == "--from '24.12.' is no date: write it as 2026-12-24.\n"
    assert (nobody.code, nobody.said) == (1, "Nobody on the roster has the e-mail x@example.org.\n")
    assert office.people("away", "ann@example.org", "--clear").code == 0
    assert {one["away_from"] for one in office.people("list", "--json").json} == {None}


def test_a_sync_without_its_platform_or_settings_says_what_is_missing(office: Office) -> None:
    slack, unset = office.people("sync", "slack"), office.people("sync", "backstage")

    assert (slack.code, unset.code) == (1, 1)
    assert "VOXPOP_SLACK__BOT_TOKEN is not set" in slack.said
    assert "VOXPOP_BACKSTAGE__URL is not set" in unset.said
    assert office.people("sync", "teams").code == 2
