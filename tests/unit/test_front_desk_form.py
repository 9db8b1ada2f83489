"""The form at the front desk: what stands in it, and what it comes to."""

import pytest

from runtime.languages import language
from survey.visits import Branch, Staff
from webapp.visits.form import Form, Incomplete, merged

SOHO = Branch(id="soho", name="Soho", staff=(Staff(id=1, name="Sam Reed"),))
LEEDS = Branch(id="leeds", name="Leeds", staff=(Staff(id=2, name="Jo Hart"),))
EMPTY = Form(branches=(LEEDS, SOHO), purposes=("Advice", "Purchase"))
FILLED = {
    "name": " Maya  Lind ",
    "email": "Maya@Example.com",
    "mobile": "",
    "purpose": "Advice",
    "branch": "soho",
    "staff": EMPTY.member(SOHO, SOHO.staff[0]),
}
ENGLISH = language("en")


def reasons(**changes: str) -> dict[str, str]:
    with pytest.raises(Incomplete) as caught:
        EMPTY.filled({**FILLED, **changes}).capture(ENGLISH)
    return dict(caught.value.form.reasons)


def test_what_was_chosen_is_written_down() -> None:
    found = EMPTY.filled(FILLED).capture(ENGLISH)
    assert (found.name, found.email, found.mobile) == ("Maya Lind", "maya@example.com", None)
    assert (found.branch_id, found.branch_name, found.staff_name) == ("soho", "Soho", "Sam Reed")
    assert found.purpose == "Advice"


def test_whoever_was_chosen_says_where_it_was() -> None:
    assert EMPTY.filled({**FILLED, "branch": ""}).capture(ENGLISH).branch_id == "soho"


def test_consent_is_a_tick_and_nothing_else() -> None:
    assert not EMPTY.filled(FILLED).capture(ENGLISH).email_consent
    assert not EMPTY.filled({**FILLED, "consent": "no"}).capture(ENGLISH).email_consent
    assert EMPTY.filled({**FILLED, "consent": "yes"}).capture(ENGLISH).email_consent


def test_what_is_not_in_a_list_can_be_named() -> None:
    found = EMPTY.filled(
        {
            **FILLED,
            "new_branch": "  Bath &  Wells ",
            "new_staff": "Ines Roy",
            "other_purpose": "Lost umbrella",
        }
    ).capture(ENGLISH)
    assert (found.branch_id, found.branch_name) == ("bath-wells", "Bath & Wells")
    assert (found.staff_name, found.purpose) == ("Ines Roy", "Lost umbrella")


def test_a_branch_that_is_named_as_one_in_the_list_is_that_one() -> None:
    found = EMPTY.filled({**FILLED, "new_branch": "Soho"}).capture(ENGLISH)
    assert found.branch_id == "soho"


def test_a_branch_in_another_script_keeps_its_name_as_its_id() -> None:
    found = EMPTY.filled({**FILLED, "new_branch": "القاهرة", "new_staff": "Mona"}).capture(ENGLISH)
    assert found.branch_id == "القاهرة"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("name", "", "Please give the customer's name"),
        ("email", "maya", "That is no e-mail address."),
        ("mobile", "call me", "A number has digits"),
        ("purpose", "", "Please say what the visit was for"),
        ("branch", "paris", "Please choose a branch"),
        ("staff", "", "Please choose who looked after them"),
        ("staff", "Sam Reed", "Please choose who looked after them"),
    ],
)
def test_each_field_says_what_it_needs(field: str, value: str, says: str) -> None:
    found = reasons(**{field: value})
    assert list(found) == [field]
    assert found[field].startswith(says)


def test_somebody_of_another_branch_is_not_taken_for_one_of_this() -> None:
    found = reasons(branch="leeds")
    assert found == {
        "staff": "Sam Reed does not work at Leeds. Please choose somebody who does, or name them "
        "below."
    }


def test_several_reasons_are_told_at_once() -> None:
    assert set(reasons(name="", email="x", branch="", staff="")) == {
        "name",
        "email",
        "branch",
        "staff",
    }


def test_a_form_is_known_by_what_it_was_given() -> None:
    again = EMPTY.filled({**FILLED, "once": EMPTY.once})
    assert again.once == EMPTY.once
    assert EMPTY.filled({**FILLED, "once": "../../x"}).once == EMPTY.once


def test_the_settings_and_what_came_in_are_one_list() -> None:
    named = Branch(id="soho", name="Soho Square", staff=(Staff(id=None, name="Ines Roy"),))
    found = merged([named], [SOHO, LEEDS])
    assert [(one.name, [member.name for member in one.staff]) for one in found] == [
        ("Leeds", ["Jo Hart"]),
        ("Soho Square", ["Ines Roy", "Sam Reed"]),
    ]
