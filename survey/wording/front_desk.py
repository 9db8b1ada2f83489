"""What the form at the front desk says."""

from collections.abc import Mapping, Sequence

from survey.language import Language


def texts(language: Language) -> Mapping[str, str]:
    """Everything that stands on it always."""
    return {
        "title": language.text("Front desk"),
        "visit": language.text("A visit"),
        "intro": language.text(
            "Write down who was here. The customer gets one question about the visit by e-mail, "
            "and only if they said that they want it."
        ),
        "name": language.text("Customer's name"),
        "email": language.text("Their e-mail"),
        "mobile": language.text("Their mobile number"),
        "mobile_hint": language.text("Only if they like to give it."),
        "purpose": language.text("What was the visit for?"),
        "other_purpose": language.text("Something else"),
        "branch": language.text("Branch"),
        "new_branch": language.text("A branch that is not in the list"),
        "staff": language.text("Who looked after them?"),
        "new_staff": language.text("Somebody who is not in the list"),
        "choose": language.text("Please choose"),
        "not_listed": language.text("Not in the list?"),
        "consent": language.text("The customer agrees to be asked about this visit by e-mail."),
        "consent_hint": language.text(
            "Ask them, and tick it only if they say yes. They can change their mind at any time."
        ),
        "save": language.text("Write it down"),
        "sign_out": language.text("Sign out"),
    }


def signing_in(language: Language) -> Mapping[str, str]:
    """What stands there before somebody has signed in."""
    return {
        "title": language.text("Front desk"),
        "headline": language.text("Please sign in."),
        "intro": language.text(
            "You need a key once; this browser stays signed in for twelve hours. Whoever runs "
            "Voxpop makes keys."
        ),
        "key": language.text("Key"),
        "sign_in": language.text("Sign in"),
    }


def purposes(language: Language) -> Sequence[str]:
    """What people come for, where the settings name nothing."""
    return (
        language.text("Advice"),
        language.text("Purchase"),
        language.text("Pick-up"),
        language.text("Return or exchange"),
        language.text("Service or repair"),
        language.text("Appointment"),
    )


def kept(number: int, language: Language, *, consented: bool, asked: bool) -> str:
    """A visit was written down."""
    if asked:
        return language.text(
            "Visit {number} is written down, and the customer will be asked about it.",
            number=number,
        )
    if consented:
        return language.text(
            "Visit {number} is written down. The customer is not asked: they have stopped such "
            "questions, or can't be reached.",
            number=number,
        )
    return language.text(
        "Visit {number} is written down. The customer is not asked about it.", number=number
    )


def wrong(field: str, language: Language) -> str:
    """What a field needs."""
    match field:
        case "name":
            return language.text("Please give the customer's name, in 255 characters at most.")
        case "email":
            return language.text("That is no e-mail address. One looks like maya@example.org.")
        case "mobile":
            return language.text(
                "A number has digits, spaces, dashes and brackets, and may begin with a plus sign."
            )
        case "purpose":
            return language.text("Please say what the visit was for, in 255 characters at most.")
        case "branch":
            return language.text("Please choose a branch, or name a new one.")
        case "staff":
            return language.text("Please choose who looked after them, or name somebody.")
        case _:
            return language.text("That does not fit.")


def elsewhere(staff: str, branch: str, language: Language) -> str:
    """Somebody was chosen who works in another branch."""
    return language.text(
        "{staff} does not work at {branch}. Please choose somebody who does, or name them below.",
        staff=staff,
        branch=branch,
    )


def look_again(language: Language) -> str:
    """Something does not fit."""
    return language.text("Nothing is written down yet: please look at what is marked.")


def wrong_key(language: Language) -> str:
    """It opens nothing."""
    return language.text("That key opens nothing here.")


def too_often(language: Language) -> str:
    """Too many such keys."""
    return language.text("Too many wrong keys came from here. Please wait a few minutes.")


def not_ours(language: Language) -> str:
    """The form did not come from this page."""
    return language.text("That came from another page, so I did nothing. Please try it here.")


def not_saved(language: Language) -> str:
    """The database is away."""
    return language.text("I couldn't save that just now, so please send it again in a minute.")


def under_way(language: Language) -> str:
    """The same form was sent a moment ago."""
    return language.text("This visit is being written down already. Please wait a moment.")
