"""Puts the demo study into the store: all of it in one transaction, or nothing."""

import numpy as np

from service.coding.draw import Drawn, chosen_set, simple_sample
from service.coding.model import Answer, Content, PersonId, Provenance, RoundId, RoundKind, SuggestionPolicy
from service.coding.visibility import Role
from service.corpus.model import ExcerptId, NewDocument, StudyId
from service.demo.simulation import CONTENT, VARIABLE, Key, read_confusions, read_keys, simulate
from service.exchange.codebooks import read_codebook
from service.exchange.documents import DocumentOptions, read_documents
from service.store import Store, Transaction
from service.store.credentials import LinkKind
from service.store.rounds import Plan

SEED = 20260105
CODED = 100
"""Excerpts of the closed round; the others are the open one's, so that nobody has seen codings of them."""
CARE = {"Coder A": 0.92, "Coder B": 0.88, "Coder C": 0.82}
PEOPLE = (("demo-lead", "Demo lead", Role.LEAD), ("demo-coder-1", "Demo coder 1", Role.CODER), ("demo-coder-2", "Demo coder 2", Role.CODER))


def ensure_demo(store: Store) -> dict[str, str]:
    """Make the demo study if it is not there, and give a fresh one-time link's secret for each of its people, by name."""
    with store.writing() as tx:
        if tx.corpus.demo() is None:
            _make(tx)
        return {name: tx.links.issue(LinkKind.SET_PASSWORD, person_id=_person(tx, login, name, role)) for login, name, role in PEOPLE}


def delete_demo(store: Store) -> bool:
    """Erase the demo study with everything in it; say whether there was one. Its open rounds are closed first."""
    with store.writing() as tx:
        study = tx.corpus.demo()
        if study is None:
            return False
        lead = _person(tx, *PEOPLE[0])
        for round_ in tx.rounds.of_study(study):
            if round_.state.takes_codings:
                tx.rounds.close(round_.id, lead)
        tx.erasure.study(study, lead)
    store.scrub()
    return True


def _make(tx: Transaction) -> None:
    lead, *coders = [_person(tx, *one) for one in PEOPLE]
    study = tx.corpus.add_study("Demo: peer mentoring", lead, demo=True)
    for person, (_, _, role) in zip((lead, *coders), PEOPLE, strict=True):
        tx.people.join(study, person, role)
    tx.corpus.bring_in(study, _documents())
    revision, _ = tx.codebooks.save(study, read_codebook("codebook.csv", _read("codebook.csv")), by=lead, note="First codebook")
    tx.rounds.take_snapshot(study, revision.id)
    simulated = [_simulated_coder(tx, study, name) for name in CARE]
    excerpts = tx.corpus.excerpt_ids(study)
    sample = simple_sample(excerpts, CODED, np.random.default_rng(SEED))
    closed = tx.rounds.plan(study, _plan("Round 1 (simulated coders)", revision.id, sample, simulated), lead)
    tx.rounds.open(closed, lead)
    _code(tx, closed, simulated, dict(zip(excerpts, read_keys(), strict=True)))
    tx.rounds.close(closed, lead)
    drawn = {one.excerpt_id for one in sample}
    rest = chosen_set([excerpt for excerpt in excerpts if excerpt not in drawn])
    tx.rounds.open(tx.rounds.plan(study, _plan("Round 2 (yours to try)", revision.id, rest, coders), lead), lead)


def _plan(name: str, revision: str, sample: tuple[Drawn, ...], coders: list[PersonId]) -> Plan:
    return Plan(
        name=name,
        kind=RoundKind.RELIABILITY,
        policy=SuggestionPolicy.NONE,
        revision_id=revision,
        sample_method="random",
        sample_seed=SEED,
        sample=sample,
        coders=tuple(coders),
        close_by=None,
    )


def _code(tx: Transaction, round_id: RoundId, coders: list[PersonId], keys: dict[ExcerptId, Key]) -> None:
    confusions = read_confusions()
    streams = np.random.SeedSequence(SEED).spawn(len(coders))
    for coder, care, stream in zip(coders, CARE.values(), streams, strict=True):
        rng = np.random.default_rng(stream)
        round_ = tx.codings.lock(round_id, coder)
        turns = sorted(tx.assignments.of(round_id, coder), key=lambda turn: list(keys).index(turn.excerpt_id))
        batch = [(turn.id, _content(simulate(keys[turn.excerpt_id], confusions, care=care, rng=rng))) for turn in turns]
        tx.codings.submit(round_, coder, batch, provenance=Provenance.SIMULATED)


def _content(code: str) -> Content:
    return Content(answers=(Answer(variable=VARIABLE, codes=(code,) if code else ()),))


def _documents() -> tuple[NewDocument, ...]:
    how = DocumentOptions(text_column="text", document_column="document", label_column="speaker")
    return read_documents("interviews.csv", _read("interviews.csv"), how)


def _read(name: str) -> bytes:
    return (CONTENT / name).read_bytes()


def _person(tx: Transaction, login: str, name: str, role: Role) -> PersonId:
    known = tx.people.by_login(login)
    return known.id if known else tx.people.add(login=login, name=name, may_lead=role is Role.LEAD)


def _simulated_coder(tx: Transaction, study: StudyId, name: str) -> PersonId:
    person = _person(tx, f"simulated-{name[-1].lower()}", f"{name} (simulated)", Role.CODER)
    tx.people.join(study, person, Role.CODER)
    return person
