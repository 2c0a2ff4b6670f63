"""A model configuration that codes a round's sample: what it is and what it gave, as data. Nothing here can suggest anything."""

import hashlib
from typing import NewType

import msgspec

from service.coding.ledger import canonical
from service.coding.model import Answer, Round, RoundId, RoundState
from service.corpus.model import ExcerptId
from service.errors import Conflict, RoundClosed

ModelCoderId = NewType("ModelCoderId", str)
SHORT = 8
"""Letters of a configuration's digest that a name has."""


class Configuration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that makes a model coder what it is; another value of any of it is another model coder.

    ``revision`` is the model's, or the digest of a language model's parameters; ``settings`` the digest of weights and fit, or of the
    terms that a lead turned on; ``codebook`` and ``resolved`` are digests of the codebook and of the resolved excerpts that spoke;
    ``rule`` names how a suggestion becomes a coding.
    """

    backend: str
    model: str
    revision: str
    runtime: str
    codebook: str
    settings: str
    resolved: str | None
    snapshot: int | None
    rule: str

    def digest(self) -> str:
        """Sha256 of all of it."""
        return hashlib.sha256(canonical(self)).hexdigest()

    @property
    def name(self) -> str:
        """Name the model coder so that no other configuration has the name."""
        return f"{self.model}, configuration {self.digest()[:SHORT]}"


class Given(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a model coder gave one excerpt: a variable without an answer is missing, an answer without codes says that none applies."""

    excerpt: str
    answers: tuple[Answer, ...]


class ModelCoder(msgspec.Struct, frozen=True, kw_only=True):
    """A model coder of one round, with a chain of the ledger of its own."""

    id: ModelCoderId
    round_id: RoundId
    at: str
    configuration: Configuration


class ModelCoding(msgspec.Struct, frozen=True, kw_only=True):
    """One coding of a model coder; ``given`` is None once erased."""

    model_coder_id: ModelCoderId
    sequence: int
    at: str
    given: Given | None

    @property
    def excerpt_id(self) -> ExcerptId | None:
        """The excerpt, while it is known."""
        return None if self.given is None else ExcerptId(self.given.excerpt)


def check_takes_a_model(round_: Round, now: str) -> None:
    """Refuse a model coder unless nothing of the round was ever revealed and it still takes codings: it codes blind like everyone."""
    if round_.state is RoundState.DRAFT:
        message = "The round is a draft. Open it first: a model coder codes the sample that the opening fixes."
        raise Conflict(message)
    if round_.state is not RoundState.OPEN:
        message = (
            "A model codes a round's sample while the round is open, before its first close. "
            "Plan another round and let the model code that one; nothing was stored."
        )
        raise Conflict(message)
    if round_.close_by is not None and round_.close_by <= now:
        message = "The round's closing date has passed, so no model codes it any more; nothing was stored."
        raise RoundClosed(message)
