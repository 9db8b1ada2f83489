"""The four workflows of features, and their figures, against a server of its own."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.command_line import Office
from tests.world import Process

SETTINGS = """
timezone = "UTC"
[surveys.features]
after = "features"
subject = "our products"
window = ["00:00", "23:59"]
[products.suite]
name = "The suite"
[products.suite.features.dashboard]
[products.suite.features.export-csv]
"""
USER = "user@example.com"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    folder = tmp_path_factory.mktemp("features")
    (folder / "voxpop.toml").write_text(SETTINGS)
    return Office(folder)


@pytest.fixture(scope="module")
def program(office: Office) -> Iterator[httpx.Client]:
    key = office.voxpop("key", "create", "app", "--role", "admin").out.strip()
    with Process(office.folder, "run", "--port", "0") as server:
        said = server.until("Voxpop answers on")
        address = said.partition("Voxpop answers on ")[2].split()[0].rstrip(".,")
        with httpx.Client(
            base_url=f"{address}/api/csat/v1",
            headers={"Authorization": f"Bearer {key}"},
            timeout=30,
        ) as client:
            yield client


def post(program: httpx.Client, path: str, status: int = 200, **body: Any) -> dict[str, Any]:
    answer = program.post(path, json=body)
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.json()
    return told


def get(program: httpx.Client, path: str, **params: Any) -> dict[str, Any]:
    answer = program.get(path, params=params)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_what_there_is_is_listed(office: Office, program: httpx.Client) -> None:
    assert get(program, "/products")["data"] == [{"key": "suite", "name": "The suite"}]
    features = get(program, "/features", product_key="suite")["data"]
    assert [one["feature_key"] for one in features] == ["dashboard", "export-csv"]
    listed = office.voxpop("feature", "list", "--json").json
    assert [one["feature"] for one in listed] == ["dashboard", "export-csv"]


def test_a_user_is_asked_dismisses_it_is_asked_again_and_answers(program: httpx.Client) -> None:
    path = "/products/suite/features/dashboard"
    for count in range(1, 6):
        told = post(program, f"{path}/increment", user_email=USER)
        assert told["interaction_count"] == count
        assert told["should_request_feedback"] is told["show_survey"] is (count == 5)
    rejected = post(program, f"{path}/reject", user_email=USER)
    assert (rejected["interaction_count"], rejected["rejection_count"]) == (0, 1)
    for _ in range(4):
        post(program, f"{path}/increment", user_email=USER)
    told = post(program, f"{path}/increment", user_email=USER)
    assert told["should_request_feedback"]
    assert told["total_interaction_count"] == 10
    listed = get(program, "/products/suite/feature-interactions", user_email=USER)["data"]
    assert [(one["product_feature_key"], one["should_request_feedback"]) for one in listed] == [
        ("dashboard", True),
        ("export-csv", False),
    ]
    kept = post(
        program,
        f"{path}/feedbacks",
        201,
        user_email=USER,
        rating=8,
        source="prompted",
        comment="Works great, but could be faster.",
    )
    assert (kept["rating"], kept["comment"]) == (8, "Works great, but could be faster.")
    assert kept["created_at"].endswith("Z")
    assert post(program, f"{path}/increment", user_email=USER)["suppressed_by"] == "rest"


def test_a_call_that_is_sent_again_counts_once(program: httpx.Client) -> None:
    path = "/products/suite/features/export-csv/increment"
    body, key = {"user_email": USER}, {"Idempotency-Key": "one-click"}
    first, second = (program.post(path, json=body, headers=key) for _ in range(2))
    assert first.json() == second.json()
    assert second.headers["Idempotency-Replayed"] == "true"
    assert post(program, path, user_email=USER)["total_interaction_count"] == 2


def test_figures_tell_of_it(program: httpx.Client) -> None:
    below = "/analytics/products/suite/features/dashboard"
    usage = get(program, f"{below}/interactions")["summary"]
    assert (usage["users_with_interactions"], usage["max_total_interactions"]) == (1, 11)
    assert get(program, f"{below}/feedbacks")["summary"]["average_rating"] == 8
    assert get(program, f"{below}/interactions/users", limit=1)["data"][0]["user_email"] == USER
    said = get(program, f"{below}/feedbacks/users")["data"]
    assert [one["comment"] for one in said] == ["Works great, but could be faster."]
    series = get(program, f"{below}/feedbacks/timeseries")
    assert [one["feedback_count"] for one in series["quarterly"]] == [1]


def test_without_a_key_nothing_is_told(program: httpx.Client) -> None:
    with httpx.Client(base_url=program.base_url) as nobody:
        assert nobody.get("/products").status_code == 401
        described = nobody.get(
            f"{program.base_url}".replace("/api/", "/openapi/api/") + "openapi.json"
        )
        assert described.status_code == 200
