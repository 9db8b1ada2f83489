"""`[products]` in `voxpop.toml`."""

from pathlib import Path

import pytest

from runtime.settings import Settings, load_settings
from runtime.settings.features import defined
from survey.errors import InvalidValue
from survey.features import Feature, Product


def settings(folder: Path, toml: str) -> Settings:
    (folder / "voxpop.toml").write_text(toml)
    return load_settings({}, folder=folder)


def test_what_is_not_said_is_as_usual(tmp_path: Path) -> None:
    toml = """
    [products.suite]
    name = "The suite"
    ask_in_chat = true
    [products.suite.features.dashboard]
    [products.suite.features."export.csv"]
    name = "Export"
    ask_in_chat = false
    interaction_threshold = 2
    """
    products, features = defined(settings(tmp_path, toml).products)
    assert products == [Product(key="suite", name="The suite")]
    assert features == [
        Feature(
            product="suite",
            key="dashboard",
            interaction_threshold=5,
            rejection_threshold=3,
            ask_in_chat=True,
        ),
        Feature(product="suite", key="export.csv", name="Export", interaction_threshold=2),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        "[products.suite]",
        '[products."a/b"]\nname = "A"',
        '[products.a]\nname = "A"\n[products.a.features.b]\ninteraction_threshold = 0',
        '[products.a]\nname = "A"\n[products.a.features.b]\nrejection_threshold = "3"',
        '[products.a]\nname = "A"\n[products.a.features.b]\nthreshold = 3',
    ],
)
def test_what_does_not_fit_stops_the_start_and_is_named(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(InvalidValue, match=r"products"):
        settings(tmp_path, wrong)
