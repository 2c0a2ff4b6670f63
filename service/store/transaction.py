"""One transaction, and the rooms of the store inside it."""

from dataclasses import dataclass, field

from service.store.adjudications import Adjudications
from service.store.assignments import Assignments
from service.store.audits import Audits
from service.store.chains import Chains
from service.store.codebooks import Codebooks
from service.store.codings import Codings
from service.store.corpus import Corpus
from service.store.credentials import Links, Sessions, Tokens
from service.store.erasure import Erasure
from service.store.exposures import Exposures
from service.store.imports import Imports
from service.store.language_models import LanguageModels
from service.store.metadata import Metadata
from service.store.model_coders import ModelCoders
from service.store.people import People
from service.store.proofs import Proofs
from service.store.reports import Reports
from service.store.requests import Requests
from service.store.retention import Retentions
from service.store.rounds import Rounds
from service.store.session import Session
from service.store.snapshots import Snapshots
from service.store.vectors import Vectors


@dataclass(frozen=True, slots=True)
class Transaction:
    """Everything a handler may ask of the database; committed as a whole or not at all."""

    session: Session
    people: People = field(init=False)
    links: Links = field(init=False)
    sessions: Sessions = field(init=False)
    tokens: Tokens = field(init=False)
    corpus: Corpus = field(init=False)
    metadata: Metadata = field(init=False)
    codebooks: Codebooks = field(init=False)
    rounds: Rounds = field(init=False)
    assignments: Assignments = field(init=False)
    codings: Codings = field(init=False)
    chains: Chains = field(init=False)
    adjudications: Adjudications = field(init=False)
    exposures: Exposures = field(init=False)
    reports: Reports = field(init=False)
    proofs: Proofs = field(init=False)
    requests: Requests = field(init=False)
    vectors: Vectors = field(init=False)
    snapshots: Snapshots = field(init=False)
    language_models: LanguageModels = field(init=False)
    model_coders: ModelCoders = field(init=False)
    erasure: Erasure = field(init=False)
    retentions: Retentions = field(init=False)
    audits: Audits = field(init=False)
    imports: Imports = field(init=False)

    def __post_init__(self) -> None:
        rooms = {
            "people": People,
            "links": Links,
            "sessions": Sessions,
            "tokens": Tokens,
            "corpus": Corpus,
            "metadata": Metadata,
            "codebooks": Codebooks,
            "rounds": Rounds,
            "assignments": Assignments,
            "codings": Codings,
            "chains": Chains,
            "adjudications": Adjudications,
            "exposures": Exposures,
            "reports": Reports,
            "proofs": Proofs,
            "requests": Requests,
            "vectors": Vectors,
            "snapshots": Snapshots,
            "language_models": LanguageModels,
            "model_coders": ModelCoders,
            "erasure": Erasure,
            "retentions": Retentions,
            "audits": Audits,
            "imports": Imports,
        }
        for name, room in rooms.items():
            object.__setattr__(self, name, room(self.session))
