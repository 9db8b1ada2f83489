"""Features as programs tell of them: counts, rejections, feedback, and figures, over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from survey.ports import Role
from tests.feature_calls import Program, company
from tests.world import World, email

ANN = "ann@example.org"


@pytest.fixture
async def suite(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    found = company(database_url, tmp_path)
    await found.populate(3)
    yield found
    await found.close()


@pytest.fixture
async def program(suite: World) -> Program:
    return await Program.of(suite)


def counts(told: dict[str, Any]) -> tuple[int, int, int]:
    return told["interaction_count"], told["total_interaction_count"], told["rejection_count"]


async def test_the_prompt_is_shown_when_the_threshold_is_reached(program: Program) -> None:
    first = await program.used("dashboard", ANN)
    assert (first["should_request_feedback"], first["suppressed_by"]) == (False, "threshold")
    third = await program.used("dashboard", ANN, times=2)
    assert third == {
        "user_email": ANN,
        "interaction_count": 3,
        "total_interaction_count": 3,
        "interaction_threshold": 3,
        "rejection_count": 0,
        "rejection_threshold": 2,
        "should_request_feedback": True,
        "show_survey": True,
        "suppressed_by": None,
        "created_at": "2026-11-16T10:00:00.000Z",
        "updated_at": "2026-11-16T10:00:00.000Z",
    }


async def test_a_rejection_begins_the_count_anew_and_enough_of_them_end_it(
    program: Program,
) -> None:
    await program.used("dashboard", ANN, times=3)
    rejected = await program.rejected("dashboard", ANN)
    assert counts(rejected) == (0, 3, 1)
    assert not rejected["should_request_feedback"]
    assert (await program.used("dashboard", ANN, times=3))["should_request_feedback"]
    await program.rejected("dashboard", ANN)
    last = await program.used("dashboard", ANN, times=5)
    assert counts(last) == (5, 11, 2)
    assert (last["show_survey"], last["suppressed_by"]) == (False, "rejections")


async def test_feedback_ends_the_asking_for_half_a_year(suite: World, program: Program) -> None:
    await program.used("dashboard", ANN, times=3)
    await program.rejected("dashboard", ANN)
    suite.clock.forward(milliseconds=1.5)
    kept = await program.rated("dashboard", ANN, 8, comment="Works great", user_agent="Browser/1")
    assert kept == {
        "user_email": ANN,
        "rating": 8,
        "comment": "Works great",
        "source": "prompted",
        "user_agent": "Browser/1",
        "created_at": "2026-11-16T10:00:00.001Z",
    }
    assert counts(await program.state("dashboard", ANN)) == (0, 3, 0)
    suite.clock.forward(days=179, hours=23)
    resting = await program.used("dashboard", ANN, times=4)
    assert counts(resting) == (0, 7, 0)
    assert resting["suppressed_by"] == "rest"
    suite.clock.forward(hours=2)
    assert (await program.used("dashboard", ANN, times=3))["should_request_feedback"]


async def test_every_feature_of_a_product_is_told_also_what_nobody_used(program: Program) -> None:
    told = await program.call(
        "GET", "/products/suite/feature-interactions", params={"user_email": ANN}
    )
    assert told["data"][0] == {
        "product_feature_key": "dashboard",
        "product_feature_description": "The first page",
        "interaction_count": 0,
        "total_interaction_count": 0,
        "interaction_threshold": 3,
        "rejection_count": 0,
        "rejection_threshold": 2,
        "should_request_feedback": False,
        "show_survey": False,
        "suppressed_by": "threshold",
    }
    assert [one["product_feature_key"] for one in told["data"]] == [
        "dashboard",
        "export-csv",
        "import-csv",
    ]


async def test_interactions_at_once_are_all_counted(program: Program) -> None:
    await asyncio.gather(*(program.used("dashboard", ANN) for _ in range(64)))
    assert counts(await program.state("dashboard", ANN)) == (64, 64, 0)


async def test_what_is_not_known_is_not_found(program: Program) -> None:
    body = {"user_email": ANN}
    for path in ("/products/suite/features/none/increment", "/products/suite/features/none/reject"):
        assert (await program.call("POST", path, 404, json=body))["code"] == "not_found"
    await program.call("GET", "/products/none/feature-interactions", 404, params=body)
    for what in ("interactions", "interactions/users", "feedbacks", "feedbacks/timeseries"):
        await program.call("GET", f"/analytics/products/suite/features/none/{what}", 404)


@pytest.mark.parametrize(
    "changed",
    [{"rating": 0}, {"rating": 11}, {"rating": True}, {"source": "asked"}, {"user_email": "ann"}],
)
async def test_feedback_that_does_not_fit_is_refused(
    program: Program, changed: dict[str, Any]
) -> None:
    body = {"user_email": ANN, "rating": 8, "source": "voluntary"} | changed
    path = "/products/suite/features/dashboard/feedbacks"
    assert (await program.call("POST", path, 422, json=body))["code"] == "invalid_value"


async def test_figures_need_a_key_that_reads_figures(suite: World) -> None:
    program = await Program.of(suite, role=Role.INGEST)
    path = "/analytics/products/suite/features/dashboard/feedbacks"
    await program.call("GET", path, 403)
    await program.used("dashboard", ANN)


async def test_what_was_said_is_told_in_figures(suite: World, program: Program) -> None:
    for place, rating in enumerate((9, 4, 7)):
        await program.rated("dashboard", f"user{place}@example.org", rating)
        suite.clock.forward(minutes=1)
    suite.clock.forward(days=60)
    await program.rated("dashboard", "late@example.org", 6, source="voluntary", comment="Fine")
    told = await program.figures("dashboard", "feedbacks")
    assert told == {
        "summary": {
            "total_feedbacks": 4,
            "average_rating": 6.5,
            "median_rating": 6.5,
            "pm_rating": 0.75,
            "prompted_count": 3,
            "voluntary_count": 1,
        }
    }
    series = await program.figures("dashboard", "feedbacks/timeseries")
    assert [(one["year"], one["month"], one["feedback_count"]) for one in series["monthly"]] == [
        (2027, 1, 1),
        (2026, 11, 3),
    ]
    assert series["quarterly"][1] == {
        "year": 2026,
        "quarter": 4,
        "feedback_count": 3,
        "average_rating": 6.67,
        "median_rating": 7.0,
        "pm_rating": 0.67,
    }
    first = await program.figures("dashboard", "feedbacks/users", limit=3)
    assert first["data"][0]["user_email"] == "late@example.org"
    assert first["has_more"]
    second = await program.figures("dashboard", "feedbacks/users", cursor=first["next_cursor"])
    assert [one["rating"] for one in second["data"]] == [9]
    assert (second["has_more"], second["next_cursor"]) == (False, None)


async def test_use_is_told_in_figures(suite: World, program: Program) -> None:
    for place, times in enumerate((1, 2, 4)):
        await program.used("dashboard", f"user{place}@example.org", times=times)
        suite.clock.forward(minutes=1)
    await program.rejected("dashboard", "user0@example.org")
    await program.rejected("dashboard", "user0@example.org")
    await program.rated("dashboard", "silent@example.org", 5)
    assert await program.figures("dashboard", "interactions") == {
        "summary": {
            "users_with_interactions": 3,
            "avg_total_interactions": 2,
            "max_total_interactions": 4,
            "users_rejection_exhausted": 1,
        }
    }
    first = await program.figures("dashboard", "interactions/users", limit=2)
    assert [one["user_email"] for one in first["data"]] == [
        "user0@example.org",
        "user2@example.org",
    ]
    assert [one["should_request_feedback"] for one in first["data"]] == [False, True]
    rest = await program.figures("dashboard", "interactions/users", cursor=first["next_cursor"])
    assert [one["user_email"] for one in rest["data"]] == ["user1@example.org"]


async def test_outside_of_identified_surveys_programs_neither_say_nor_learn_who_said_what(
    database_url: str, tmp_path: Path
) -> None:
    gated = company(database_url, tmp_path, mode="confidential")
    program = await Program.of(gated)
    told = await program.used("dashboard", ANN, times=3)
    assert (told["show_survey"], told["suppressed_by"]) == (False, "confidential")
    rated = {"user_email": ANN, "rating": 3, "source": "voluntary"}
    path = "/products/suite/features/dashboard/feedbacks"
    assert (await program.call("POST", path, 409, json=rated))["code"] == "only_identified"
    for what in ("feedbacks", "feedbacks/users", "feedbacks/timeseries"):
        path = f"/analytics/products/suite/features/dashboard/{what}"
        assert (await program.call("GET", path, 409))["code"] == "only_identified"
    assert (await program.figures("dashboard", "interactions"))["summary"][
        "users_with_interactions"
    ] == 1
    await gated.close()


async def test_whoever_stopped_is_not_prompted_and_the_answer_says_why(
    suite: World, program: Program
) -> None:
    person = await suite.product.people.by_email(email(1))
    assert person is not None
    await suite.product.people.opt_out(person, survey=None, at=suite.clock())
    told = await program.used("dashboard", email(1), times=3)
    assert (told["should_request_feedback"], told["suppressed_by"]) == (False, "opted_out")
    assert (await program.state("dashboard", email(1)))["suppressed_by"] == "opted_out"


async def test_the_contact_policy_stands_above_the_thresholds(
    database_url: str, tmp_path: Path
) -> None:
    after = '[contact]\nrest_days = 30\n[surveys.nps]\nsubject = "Acme"\nmode = "identified"\n'
    careful = company(database_url, tmp_path, after=after)
    await careful.populate(6)
    await careful.start("nps")
    program = await Program.of(careful)
    assert (await program.used("dashboard", email(1), times=3))["suppressed_by"] == "contact_policy"
    careful.clock.forward(days=31)
    assert (await program.used("dashboard", email(1)))["should_request_feedback"]
    await careful.close()


async def test_a_program_makes_a_feature_and_calls_it_otherwise(
    suite: World, program: Program
) -> None:
    body = {"feature_key": "dark-mode", "interaction_threshold": 1, "rejection_threshold": 1}
    made = await program.call("POST", "/products/suite/features", 201, json=body)
    assert made == {
        "product_key": "suite",
        "feature_key": "dark-mode",
        "name": "dark mode",
        "description": None,
        "interaction_threshold": 1,
        "rejection_threshold": 1,
    }
    again = await program.call("POST", "/products/suite/features", 409, json=body)
    assert again["code"] == "feature_exists"
    await program.call("POST", "/products/none/features", 404, json=body)
    path = "/products/suite/features/dark-mode"
    changed = await program.call("PATCH", path, json={"name": None, "description": "At night"})
    assert (changed["name"], changed["description"]) == (None, "At night")
    await program.call("PATCH", path, 422, json={})
    # The next start leaves alone what programs made.
    restarted = suite.restarted()
    after = await Program.of(restarted, name="other")
    listed = await after.call("GET", "/features", params={"product_key": ["suite"]})
    assert [one["feature_key"] for one in listed["data"]] == [
        "dark-mode",
        "dashboard",
        "export-csv",
        "import-csv",
    ]
    assert (await after.used("dark-mode", ANN))["should_request_feedback"]
    await restarted.close()


async def test_what_the_settings_name_no_more_is_out_of_use_and_its_figures_stay(
    database_url: str, tmp_path: Path
) -> None:
    before = company(
        database_url, tmp_path, after='[products.old]\nname = "Old"\n[products.old.features.it]\n'
    )
    program = await Program.of(before)
    path = "/products/old/features/it"
    body = {"user_email": ANN, "rating": 8, "source": "voluntary"}
    await program.call("POST", f"{path}/feedbacks", 201, json=body)
    await before.close()
    now = company(database_url, tmp_path)
    program = await Program.of(now, name="other")
    assert (await program.call("GET", "/products"))["data"] == [
        {"key": "suite", "name": "The suite"}
    ]
    await program.call("POST", f"{path}/increment", 404, json={"user_email": ANN})
    told = await program.call("GET", f"/analytics{path}/feedbacks")
    assert told["summary"]["total_feedbacks"] == 1
    await now.close()


async def test_of_whoever_was_forgotten_nothing_is_kept(suite: World, program: Program) -> None:
    await program.used("dashboard", email(1), times=3)
    person = await suite.product.people.by_email(email(1))
    assert person is not None
    await suite.product.rights.forget(person, at=suite.clock())
    told = await program.used("dashboard", email(1), times=3)
    assert counts(told) == (1, 1, 0)
    assert counts(await program.rejected("dashboard", email(1))) == (0, 0, 0)
    body = {"user_email": email(1), "rating": 8, "source": "voluntary"}
    path = "/products/suite/features/dashboard/feedbacks"
    assert (await program.call("POST", path, 409, json=body))["code"] == "opted_out"
    assert (await program.figures("dashboard", "interactions"))["summary"][
        "users_with_interactions"
    ] == 0


async def test_the_description_of_these_routes_stands_by_itself(program: Program) -> None:
    answer = await program.http.get("/openapi/api/csat/v1/openapi.json")
    told = answer.json()
    assert all(path.startswith("/api/csat/v1/") for path in told["paths"])
    assert len(told["paths"]) == 13
    assert "SurveyLink" not in told["components"]["schemas"]
    assert "FeedbackIn" in told["components"]["schemas"]
