import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.grammar import (
    FOR_ADMINISTRATORS,
    Command,
    NotUnderstood,
    NumberOutOfRange,
    Word,
    parse,
)
from bot.hints import hints
from runtime.languages import language
from survey.campaign import Period
from survey.errors import InvalidValue

SURVEYS = ["nps", "ticket"]
Q4 = Period(2026, 4)
AB = frozenset({"a@example.org", "b@example.org"})


def read(text: str) -> Command:
    return parse(text, surveys=SURVEYS)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/nps", Command(word=Word.HELP)),
        ("/nps help", Command(word=Word.HELP)),
        ("help", Command(word=Word.HELP)),
        ("", Command(word=Word.HELP)),
        ("   ", Command(word=Word.HELP)),
        ("/nps report", Command(word=Word.REPORT)),
        ("/nps report nps", Command(word=Word.REPORT, survey="nps")),
        ("/nps report 2026Q4", Command(word=Word.REPORT, period=Q4)),
        ("/nps report nps 2026Q4", Command(word=Word.REPORT, survey="nps", period=Q4)),
        ("/nps report 2026Q4 nps", Command(word=Word.REPORT, survey="nps", period=Q4)),
        ("/nps report nps/2026Q4", Command(word=Word.REPORT, survey="nps", period=Q4)),
        ("/nps report 2026q4.2", Command(word=Word.REPORT, period=Period(2026, 4, 2))),
        ("/nps report by team", Command(word=Word.REPORT, by="team")),
        ("/nps report by Team", Command(word=Word.REPORT, by="Team")),
        ("/nps report share", Command(word=Word.REPORT, share=True)),
        (
            "/nps report ticket 2026Q4 by site share",
            Command(word=Word.REPORT, survey="ticket", period=Q4, by="site", share=True),
        ),
        (
            "/nps report share by site 2026Q4 ticket",
            Command(word=Word.REPORT, survey="ticket", period=Q4, by="site", share=True),
        ),
        ("/nps report by share", Command(word=Word.REPORT, by="share")),
        ("/nps status", Command(word=Word.STATUS)),
        ("/nps status ticket", Command(word=Word.STATUS, survey="ticket")),
        ("/nps status nps/2026Q4", Command(word=Word.STATUS, survey="nps", period=Q4)),
        ("/nps preview nps", Command(word=Word.PREVIEW, survey="nps")),
        ("/nps start nps", Command(word=Word.START, survey="nps")),
        ("/nps start to a@example.org", Command(word=Word.START, to=AB - {"b@example.org"})),
        (
            "/nps start nps to @a@example.org,@b@example.org",
            Command(word=Word.START, survey="nps", to=AB),
        ),
        (
            "/nps preview nps to A@Example.org, b@example.org",
            Command(word=Word.PREVIEW, survey="nps", to=AB),
        ),
        ("/nps start nps to @a,@b", Command(word=Word.START, survey="nps", to=frozenset("ab"))),
        ("/nps close", Command(word=Word.CLOSE)),
        ("/nps close nps/2026Q4", Command(word=Word.CLOSE, survey="nps", period=Q4)),
        ("/nps pending", Command(word=Word.PENDING)),
        ("/nps optout", Command(word=Word.OPTOUT)),
        ("/nps optout ticket", Command(word=Word.OPTOUT, survey="ticket")),
        ("/nps optin", Command(word=Word.OPTIN)),
        ("/nps pause nps", Command(word=Word.PAUSE, survey="nps")),
        ("/nps resume ticket/2026Q4", Command(word=Word.RESUME, survey="ticket", period=Q4)),
        ("/nps remind", Command(word=Word.REMIND)),
        (
            "/nps remind nps @A@example.org b@example.org",
            Command(word=Word.REMIND, survey="nps", to=AB),
        ),
        ("/nps comments 2026Q4", Command(word=Word.COMMENTS, period=Q4)),
        ("/nps export nps/2026Q4", Command(word=Word.EXPORT, survey="nps", period=Q4)),
        ("/nps audit", Command(word=Word.AUDIT)),
        ("/nps audit 50", Command(word=Word.AUDIT, days=50)),
        ("/nps snooze", Command(word=Word.SNOOZE)),
        ("/nps snooze 7", Command(word=Word.SNOOZE, days=7)),
        ("/nps mydata", Command(word=Word.MYDATA)),
        ("/nps forget", Command(word=Word.FORGET)),
    ],
)
def test_what_can_be_typed(text: str, command: Command) -> None:
    assert read(text) == command


@pytest.mark.parametrize(
    "text",
    [
        "/NPS Report",
        "/nps REPORT",
        "  /nps   report  ",
        "/nps\u00a0report",
        "/nps report\u00a0",
        "\u00a0report",
        "/nps\treport\n",
        "/voxpop report",
        "/nps\u202freport",
        "/nps \u200breport\u200b",
    ],
)
def test_case_and_blanks_do_not_matter(text: str) -> None:
    assert read(text) == Command(word=Word.REPORT)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("reprot", "report"),
        ("/nps reprot", "report"),
        ("/nps Reprot nps by team", "report nps by team"),
        ("repotr", "report"),
        ("stats", "status"),
        ("stauts", "status"),
        ("opt-out", "optout"),
        ("optn", "optin"),
        ("previw", "preview"),
        ("strat", "start"),
        ("clsoe", "close"),
        ("pnding", "pending"),
        ("hlep", "help"),
        ("report npss", "report nps"),
        ("report tickt", "report ticket"),
        ("report shar", "report share"),
        ("report 30 dayz", "report 30 days"),
        ("report 30", "report 30 days"),
        ("followups taken", "followups all"),
        ("followups min", "followups mine"),
    ],
)
def test_a_near_miss_is_answered_with_what_was_meant(typed: str, meant: str) -> None:
    with pytest.raises(NotUnderstood) as missed:
        read(typed)
    assert missed.value.nearest == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("reprot `x` **all**", "report"),
        ("reprot nps 2026Q4 by team", "report nps 2026Q4 by team"),
        ("reprot " + "very " * 3_000, "report"),
        ("strat to @ada,ben@example.org", "start to @ada,ben@example.org"),
        ("strat \u202eto", "start"),
        ("remind `x`", "remind @name"),
        ("remind " + "x" * 100, "remind @name"),
    ],
)
def test_a_suggestion_says_back_only_a_few_plain_words(typed: str, meant: str) -> None:
    with pytest.raises(NotUnderstood) as missed:
        read(typed)
    assert missed.value.nearest == meant


@pytest.mark.parametrize("typed", ["xyzzy", "/nps qqq", "👍", "-- DROP TABLE", "{}"])
def test_what_is_near_nothing_gets_no_guess(typed: str) -> None:
    with pytest.raises(NotUnderstood) as missed:
        read(typed)
    assert missed.value.nearest is None


def test_the_word_that_did_not_fit_is_named_as_it_was_typed() -> None:
    with pytest.raises(NotUnderstood, match="'RePROT'"):
        read("/nps RePROT")
    with pytest.raises(NotUnderstood, match="'Teh'"):
        read("/nps report Teh")


@pytest.mark.parametrize("typed", ["report by", "start to", "report 2026Q4 by"])
def test_a_word_that_lacks_its_other_half_is_not_suggested_as_it_is(typed: str) -> None:
    with pytest.raises(InvalidValue) as missed:
        read(typed)
    nearest = missed.value.nearest if isinstance(missed.value, NotUnderstood) else None
    assert nearest is None or isinstance(read(nearest), Command)


@pytest.mark.parametrize(
    "typed",
    ["snooze 0", "snooze 367", "snooze 99999999999", "audit 101", "audit 0"],
)
def test_a_number_that_is_too_small_or_large_is_refused_with_the_largest(typed: str) -> None:
    with pytest.raises(NumberOutOfRange) as refused:
        read(typed)
    assert refused.value.most == (366 if typed.startswith("snooze") else 100)


@pytest.mark.parametrize("typed", ["snooze -1", "audit 1.5", "snooze 7 7"])
def test_a_number_of_days_that_is_none_is_refused(typed: str) -> None:
    with pytest.raises(NotUnderstood):
        read(typed)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("remind bob", "remind @bob"),
        ("export csv", "export"),
        ("report by", "report by team"),
        ("start to", "start to @name"),
        ("start to ,", "start to @name"),
        ("preview to @", "preview to @name"),
    ],
)
def test_what_was_probably_meant_is_told(typed: str, meant: str) -> None:
    with pytest.raises(NotUnderstood) as refused:
        read(typed)
    assert refused.value.nearest == meant


SPOKEN = {"de": "Deutsch", "en": "English", "pt_BR": "Português (Brasil)"}


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("de", "de"),
        ("DE", "de"),
        ("Deutsch", "de"),
        ("pt_br", "pt_BR"),
        ("pt-BR", "pt_BR"),
        ("português (brasil)", "pt_BR"),
    ],
)
def test_a_language_is_named_by_its_code_or_by_its_own_name(typed: str, code: str) -> None:
    read = parse(f"/nps language {typed}", surveys=SURVEYS, languages=SPOKEN)
    assert read == Command(word=Word.LANGUAGE, language=code)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("dee", "language de"),
        ("de_AT", "language de"),
        ("englsh", "language en"),
        ("pt", "language pt_BR"),
        ("klingon", "language"),
    ],
)
def test_a_language_that_is_not_spoken_gets_the_nearest(typed: str, meant: str) -> None:
    with pytest.raises(NotUnderstood) as refused:
        parse(f"/nps language {typed}", surveys=SURVEYS, languages=SPOKEN)
    assert (refused.value.typed, refused.value.nearest) == (typed, meant)


def test_which_languages_there_are_can_be_asked() -> None:
    assert parse("/nps language", surveys=SURVEYS) == Command(word=Word.LANGUAGE)


def test_people_may_be_named_without_saying_to() -> None:
    assert read("start @ada, @ben@example.org").to == {"ada", "ben@example.org"}


@pytest.mark.parametrize("typed", ["report 2026", "report 2026Q7", "close nps/", "status nps/soon"])
def test_a_round_that_is_none_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(InvalidValue, match="looks like 2026Q4"):
        read(typed)


def test_a_survey_is_found_however_its_name_is_written() -> None:
    assert parse("report NPS", surveys=["nps"]).survey == "nps"
    assert parse("report Support-EU", surveys=["Support-EU"]).survey == "Support-EU"


def test_only_administrators_see_figures_and_run_rounds() -> None:
    assert {word.value for word in FOR_ADMINISTRATORS} == {
        "report",
        "status",
        "preview",
        "start",
        "pause",
        "resume",
        "close",
        "remind",
        "comments",
        "export",
        "audit",
    }


def test_help_has_a_line_for_every_word_and_knows_whose_it_is() -> None:
    lines = hints(language("en"))
    words = [Word(hint.usage.split()[1]) for hint in lines]
    assert sorted(words) == sorted(Word)
    assert all(hint.says for hint in lines)
    found = {word for word, hint in zip(words, lines, strict=True) if hint.administrators}
    assert found == FOR_ADMINISTRATORS


words = st.sampled_from(
    [
        *Word,
        *SURVEYS,
        "by",
        "to",
        "share",
        "2026Q4",
        "nps/2026Q4",
        "/",
        "/nps",
        "2026Q9",
        "@a,",
        "14",
        ",",
    ]
)
texts = st.one_of(
    st.text(st.characters(), max_size=60),
    st.lists(st.one_of(words, st.text(st.characters(), max_size=6)), max_size=6).map(" ".join),
)


def outcome(text: str) -> Command | InvalidValue:
    """What was read or why not; anything else that is raised fails the test."""
    try:
        return read(text)
    except InvalidValue as refused:
        return refused


@given(texts)
def test_garbage_is_read_or_refused_and_nothing_else(text: str) -> None:
    found = outcome(text)
    if isinstance(found, InvalidValue):
        assert str(found)
        return
    assert found.survey is None or found.survey == found.survey.lower()
    assert found.by is None or found.word is Word.REPORT
    assert not found.share or found.word is Word.REPORT
    assert not found.to or found.word in {Word.START, Word.PREVIEW, Word.REMIND}
    assert found.days is None or found.word in {Word.SNOOZE, Word.AUDIT}


@given(texts)
def test_every_suggestion_begins_with_a_word_that_there_is(text: str) -> None:
    found = outcome(text)
    if isinstance(found, NotUnderstood) and found.nearest is not None:
        assert found.nearest.split()[0] in {word.value for word in Word}


def test_a_period_of_five_thousand_digits_is_refused_like_any_other() -> None:
    with pytest.raises(InvalidValue):
        read("/nps report 2026Q4." + "9" * 5_000)
