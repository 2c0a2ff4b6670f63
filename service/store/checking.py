"""``check-store``: everything that must hold in a sound database."""

from collections.abc import Callable, Iterable
from itertools import groupby

from service.coding.ledger import first_break
from service.store.corpus import Study
from service.store.store import Store
from service.store.transaction import Transaction

Track = Callable[[list[Study]], Iterable[Study]]
"""Goes through the studies, showing how far it has come; ``iter`` shows nothing."""


def check(store: Store, track: Track) -> list[str]:
    """Check schema, triggers, engine settings, integrity, offsets and chains; give what is wrong, in words."""
    found = [*store.faults(), *store.integrity()]
    if found:
        return found
    with store.reading() as tx:
        for study in track(tx.corpus.every_study()):
            found += _offset_faults(tx, study.id)
            found += _chain_faults(tx, study.id)
    return found


def _offset_faults(tx: Transaction, study_id: str) -> Iterable[str]:
    for document in tx.corpus.documents(study_id):
        _, text = tx.corpus.document(document.id)
        for excerpt in tx.corpus.excerpts_of(document.id):
            if text[excerpt.start : excerpt.end] != excerpt.text:
                yield f"document {document.id}: the offsets of excerpt {excerpt.position + 1} do not give its text"


def _chain_faults(tx: Transaction, study_id: str) -> Iterable[str]:
    for round_ in tx.rounds.of_study(study_id):
        for person, entries in groupby(tx.chains.whole(round_.id), key=lambda entry: entry.person_id):
            if (sequence := first_break(list(entries))) is not None:
                yield f"round {round_.id}: the chain of {person or 'the round'} breaks at entry {sequence}"
        yield from (f"round {round_.id}: entry {entry} does not keep its commitment" for entry in tx.chains.unkept(round_.id))
