"""`voxpop doctor` on the archive and the language model: whether they take and say anything."""

from runtime import clock
from runtime.archive import ObjectArchive
from runtime.doctor.findings import Finding
from runtime.language_model import LanguageModel
from runtime.settings import Settings
from runtime.settings.insights import ModelSettings
from survey.errors import InvalidValue
from survey.ports import ArchiveUnavailable

_SAMPLE = "voxpop-doctor.json"


async def examine_insights(settings: Settings) -> list[Finding]:
    """A line for each that is set; what is written is removed again."""
    found = []
    if settings.archive_url is not None:
        found.append(await _archive(settings.archive_url))
    if settings.model is not None:
        found.append(await _model(settings.model, settings.brand.name))
    return found


async def _archive(url: str) -> Finding:
    try:
        archive = ObjectArchive(url)
        path = await archive.put(_SAMPLE, b"{}\n")
        await archive.remove(path)
    except (ArchiveUnavailable, InvalidValue) as error:
        return Finding(
            name="archive",
            fine=False,
            says=str(error),
            mend="is VOXPOP_ARCHIVE_URL right, and may we write and remove there? Credentials "
            "stand in the store's own variables (AWS_…, AZURE_…). Until it works, answers wait.",
        )
    return Finding(name="archive", fine=True, says=f"{url} takes files")


async def _model(model_settings: ModelSettings, brand: str) -> Finding:
    try:
        model = LanguageModel(model_settings, brand=brand, clock=clock.now)
    except InvalidValue as error:
        return Finding(name="language model", fine=False, says=str(error), mend="install it")
    try:
        await model.check()
    except Exception as error:  # noqa: BLE001 - whatever it is, that is what it said
        return Finding(
            name="language model",
            fine=False,
            says=f"{model_settings.model} says nothing ({type(error).__name__})",
            mend="are VOXPOP_LLM__BASE_URL, __API_KEY and __MODEL right? Until it works, the "
            "built-in words stand.",
        )
    finally:
        await model.close()
    return Finding(name="language model", fine=True, says=f"{model_settings.model} answers")
