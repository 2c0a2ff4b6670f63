"""What suggestions are made from: the codebook and the snapshot that an asker may have, without the texts that must stay apart."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from service.codebook.model import Codebook, digest
from service.coding.exposure import nearly_the_same
from service.coding.model import PersonId, Round, RoundId, RoundState, SuggestionPolicy
from service.corpus.model import ExcerptId, StudyId
from service.embedding import ModelIdentity, ModelKey, Vectors, model_key, stored_vectors
from service.store import Store, Transaction
from service.store.snapshots import Snapshot
from service.suggestion import Resolved
from service.suggestion.basis import RISK, SEED, known_codes


@dataclass(frozen=True, slots=True)
class Source:
    """A codebook, and the snapshot whose resolved excerpts speak for its codes; texts of the rounds ``apart``, or nearly those, never do.

    ``size`` is what the snapshot holds: an erasure lowers it.
    """

    codebook: Codebook
    snapshot: Snapshot | None = None
    size: int = 0
    apart: tuple[RoundId, ...] = ()

    @property
    def key(self) -> str:
        """Sha256 of what it names: equal ones hold the same texts."""
        snapshot = self.snapshot.id if self.snapshot else ""
        return hashlib.sha256(msgspec.json.encode((digest(self.codebook), snapshot, self.size, self.apart))).hexdigest()

    @property
    def shelf(self) -> bytes:
        """Sha256 under which its index is kept at hand: made with every request, so of the codebook as it stands."""
        snapshot = self.snapshot.id if self.snapshot else ""
        return hashlib.sha256(msgspec.json.encode((self.codebook, snapshot, self.size, self.apart))).digest()

    def fit_id(self, model: ModelKey) -> str:
        """Sha256 under which what is fitted to it is kept."""
        return hashlib.sha256(msgspec.json.encode((self.key, model.name, model.revision, RISK, SEED))).hexdigest()


@dataclass(frozen=True, slots=True)
class Examples:
    """Resolved excerpts with their stored vectors, ``float32[excerpts, dimension]``, in one order."""

    resolved: tuple[Resolved, ...]
    vectors: Vectors


def of_study(tx: Transaction, study_id: StudyId) -> tuple[Source, int] | None:
    """Give what tools and leads who do not code have: the study's last snapshot, and the number of its codebook revision."""
    snapshot = tx.snapshots.last(study_id)
    if snapshot is None:
        return None
    revision = tx.codebooks.revision(snapshot.revision_id)
    opened = {one.id for one in tx.rounds.of_study(study_id) if one.state.takes_codings}
    return Source(revision.codebook, snapshot, tx.snapshots.size(snapshot), tuple(sorted(opened))), revision.number


def of_round(tx: Transaction, round_: Round, codebook: Codebook, coder: PersonId) -> Source:
    """Give what a coder of a round has: the snapshot that was the last one when the round opened.

    Apart stay the texts of every open round of the study and of every one that the coder codes elsewhere: what was said of
    them in a closed round is as hidden from the coder as on its own pages.
    """
    return _pinned(tx, round_, codebook, (*tx.rounds.of_study(round_.study_id), *tx.rounds.coded_by(coder)))


def of_sample(tx: Transaction, round_: Round, codebook: Codebook) -> Source:
    """Give what a model codes a round's sample from, whoever has it done: the round's own snapshot, without the study's open texts."""
    return _pinned(tx, round_, codebook, tx.rounds.of_study(round_.study_id))


def _pinned(tx: Transaction, round_: Round, codebook: Codebook, rounds: Iterable[Round]) -> Source:
    snapshot = tx.snapshots.get(round_.snapshot_id) if round_.snapshot_id else None
    opened = {one.id for one in rounds if one.state.takes_codings}
    return Source(codebook, snapshot, tx.snapshots.size(snapshot) if snapshot else 0, tuple(sorted(opened)))


def all_sources(tx: Transaction) -> list[Source]:
    """List everything that somebody may ask suggestions from now and that resolved excerpts speak in."""
    found: list[Source] = []
    for snapshot in tx.snapshots.newest():
        if tx.snapshots.size(snapshot):
            studys = of_study(tx, snapshot.study_id)
            found += [studys[0]] if studys else []
            rounds = tx.rounds.of_study(snapshot.study_id)
            shown = [one for one in rounds if _shows(one)]
            found += [of_round(tx, one, tx.codebooks.revision(one.revision_id).codebook, coder) for one in shown for coder in one.coders]
            coded = [one for one in rounds if one.state is RoundState.OPEN]
            found += [_pinned(tx, one, tx.codebooks.revision(one.revision_id).codebook, rounds) for one in coded]
    return list({one.key: one for one in found if one.size}.values())


def examples_of(store: Store, source: Source, model: ModelIdentity) -> Examples:
    """Load the resolved excerpts that may speak.

    Raises
    ------
    Unavailable
        An excerpt has no vector of this model yet.
    """
    if source.snapshot is None:
        return Examples((), stored_vectors(store.vectors, model, []))
    kept = _allowed(store, source, source.snapshot, model)
    with store.reading() as tx:
        found = [Resolved(one.variable, one.codes, one.text) for one in tx.snapshots.resolved(source.snapshot, kept)]
    resolved = known_codes(found, source.codebook)
    return Examples(resolved, stored_vectors(store.vectors, model, [one.text for one in resolved]))


def _allowed(store: Store, source: Source, snapshot: Snapshot, model: ModelIdentity) -> list[ExcerptId]:
    """Name the excerpts that may speak, by texts alone: that takes the same work whatever anybody coded."""
    with store.reading() as tx:
        ids = tx.snapshots.candidates(snapshot.study_id)
        hidden = sorted({drawn.excerpt_id for round_id in source.apart for drawn in tx.rounds.sample(round_id)})
        texts, others = ({one: found.text for one, found in tx.corpus.excerpts(some).items() if found.text} for some in (ids, hidden))
    there = [one for one in ids if one in texts]
    vectors, apart = (stored_vectors(store.vectors, model, some) for some in ([texts[one] for one in there], sorted(set(others.values()))))
    near, said = nearly_the_same(vectors, apart), set(others.values())
    return [one for place, one in enumerate(there) if not near[place] and texts[one] not in said]


def fit_of(store: Store, source: Source, model: ModelIdentity) -> str | None:
    """Give what was fitted to a source, if it was."""
    with store.reading() as tx:
        return tx.snapshots.fit(source.fit_id(model_key(model)))


def _shows(round_: Round) -> bool:
    return round_.state.takes_codings and round_.policy is not SuggestionPolicy.NONE
