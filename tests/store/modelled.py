"""Model coders for the store's tests, without a model: a configuration, and one answer for each excerpt."""

from collections.abc import Mapping, Sequence

from service.coding.model import Answer, RoundId
from service.coding.model_coders import Configuration, ModelCoderId
from service.corpus.model import ExcerptId
from tests.store.scene import Scene


def configuration(settings: str = "s", model: str = "hash") -> Configuration:
    """Give a configuration; another setting is another one."""
    return Configuration(
        backend="embeddings",
        model=model,
        revision="1",
        runtime="hash of words",
        codebook="c",
        settings=settings,
        resolved=None,
        snapshot=1,
        rule="model coder 1",
    )


def gave(scene: Scene, codes: Sequence[str | None] = ("hope", "fear", None)) -> Mapping[ExcerptId, tuple[Answer, ...]]:
    """Give themes in turn over the sample; where there is none, it abstained."""
    found = [codes[place % len(codes)] for place in range(len(scene.excerpts))]
    return {
        excerpt: () if code is None else (Answer(variable="theme", codes=(code,)), Answer(variable="needs", codes=("time",)))
        for excerpt, code in zip(scene.excerpts, found, strict=True)
    }


def let_model_code(
    scene: Scene, round_id: RoundId, settings: str = "s", codes: Sequence[str | None] = ("hope", "fear", None)
) -> tuple[ModelCoderId, bool]:
    """Make a model coder as the web room does."""
    with scene.store.writing() as tx:
        return tx.model_coders.make(round_id, configuration(settings), gave(scene, codes), by=scene.lead)
