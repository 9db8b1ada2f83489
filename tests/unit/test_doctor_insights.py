"""What `voxpop doctor` says of an archive and a language model."""

from pathlib import Path

from runtime.doctor.insights import examine_insights
from runtime.settings import load_settings
from tests.model_stub import model_stub


async def test_a_folder_takes_files_and_keeps_none_of_ours(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    settings = load_settings({"VOXPOP_ARCHIVE_URL": folder.as_uri()}, folder=tmp_path)
    (found,) = await examine_insights(settings)
    assert (found.name, found.fine) == ("archive", True)
    assert list(folder.iterdir()) == []


async def test_a_folder_that_can_t_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    url = (tmp_path / "file" / "archive").as_uri()
    (found,) = await examine_insights(load_settings({"VOXPOP_ARCHIVE_URL": url}, folder=tmp_path))
    assert not found.fine
    assert "VOXPOP_ARCHIVE_URL" in found.mend


async def test_a_folder_that_has_no_place_is_told(tmp_path: Path) -> None:
    environ = {"VOXPOP_ARCHIVE_URL": "file:///proc/archive"}
    (found,) = await examine_insights(load_settings(environ, folder=tmp_path))
    assert not found.fine
    assert "/proc" in found.says


async def test_a_model_answers_or_not(tmp_path: Path) -> None:
    with model_stub() as stub:
        stub.says = "yes"
        environ = {
            "VOXPOP_LLM__BASE_URL": stub.address,
            "VOXPOP_LLM__MODEL": "small",
            "VOXPOP_LLM__TIMEOUT_SECONDS": "1",
        }
        settings = load_settings(environ, folder=tmp_path)
        assert [one.fine for one in await examine_insights(settings)] == [True]
        stub.status = 401
        (found,) = await examine_insights(settings)
        assert not found.fine
        assert found.says == "small says nothing (AuthenticationError)"
