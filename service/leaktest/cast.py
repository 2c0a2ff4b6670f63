"""Who and what both worlds begin with: people, texts, a codebook and rounds in every state, stored once and copied."""

import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import msgspec

from service.app import create_app
from service.codebook.model import Code, Codebook, Scheme, Variable
from service.coding.draw import Drawn, chosen_set
from service.coding.model import Answer, AssignmentId, Content, PersonId, RoundId, RoundKind, SuggestionPolicy
from service.coding.plan import PLAIN, Design, Repeats
from service.coding.visibility import Role
from service.corpus.model import DocumentId, ExcerptId, StudyId
from service.embedding import TextKey, text_key
from service.exchange.documents import DocumentOptions, read_documents
from service.leaktest.fakes import HashEncoder, MomentEntropy, StillClock
from service.leaktest.surface import CODED, Surface, surface_of
from service.leaktest.world import KEY, MODEL, SERVER, Template, settings_of
from service.store import Store, Transaction
from service.store.credentials import Scope, TokenKind
from service.store.rounds import Plan

BEA, CLEO, HUGO, HANA, LEA, OLAF, NORA, ELI = "bea", "cleo", "hugo", "hana", "lea", "olaf", "nora", "eli"
"""A coder, a lead who codes; the two other coders; the lead who does not code, an observer, a coder in no open round, an ex-member."""
ADA, ABEL = "ada", "abel"
"""An adjudicator, and one who codes in the round in question."""
TOOL, HUGO_TOOL = "cleo-tool", "hugo-tool"
B = (BEA, CLEO, TOOL)
H = (HUGO, HANA)
THEME, CODES = "theme", ("Support", "Training", "Boundaries")
PASSAGE, MARK = "passage", "Voice"
PASSWORD_HASH = "no password fits this"  # noqa: S105
FAR = timedelta(days=3650)

BOOK = Codebook(
    variables=(
        Variable(name=THEME, scheme=Scheme.SEVERAL_CODES, codes=tuple(Code(name=code, definition=f"about {code}") for code in CODES)),
        Variable(name="tone", scheme=Scheme.ONE_CODE, codes=(Code(name="warm"), Code(name="cold"))),
        Variable(name=PASSAGE, scheme=Scheme.SPANS, codes=(Code(name=MARK),)),
    )
)


@dataclass(frozen=True, slots=True)
class Cast:
    """Every id of the template by its name, and what each name's principal shows to get in."""

    template: Template
    people: dict[str, PersonId]
    studies: dict[str, StudyId]
    documents: dict[str, DocumentId]
    excerpts: list[ExcerptId]
    rounds: dict[str, RoundId]
    tokens: dict[str, str]
    secrets: dict[str, str]
    codebooks: dict[str, str]
    surface: Surface


def stage(template: Template) -> Cast:
    """Make the template's database."""
    clock, entropy = StillClock(), MomentEntropy()
    store = Store(template.url, KEY.encode(), clock=clock, entropy=entropy)
    store.migrate()
    entropy.at(-1)
    with store.writing() as tx:
        made = _Stage(tx, template).cast
    with store.writing() as tx:
        _embed(tx)
    store.scrub()
    store.close()
    return made


def surface_here() -> Surface:
    """Read the surface of the application as it is installed."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(settings_of(Path(folder), ""))
        app.store.close()
        return surface_of(app)


class _Stage:
    def __init__(self, tx: Transaction, template: Template) -> None:
        self.tx = tx
        self.cast = Cast(template, {}, {}, {}, [], {}, {}, {}, {}, surface_here())
        self._people()
        self._study("ours", LEA)
        self._study("theirs", HUGO)
        self._members()
        self._texts()
        self._rounds()
        self._keys()

    def _people(self) -> None:
        for name in (BEA, CLEO, HUGO, HANA, LEA, OLAF, NORA, ELI, ADA, ABEL, "zoe"):
            person = self.tx.people.add(login=f"{name}@example.org", name=name.title(), may_lead=name in {LEA, CLEO, HUGO})
            self.tx.people.set_password(person, PASSWORD_HASH)
            self.cast.people[name] = person

    def _study(self, name: str, lead: str) -> None:
        study = self.tx.corpus.add_study(f"Study {name}", self.cast.people[lead])
        self.tx.people.join(study, self.cast.people[lead], Role.LEAD)
        revision, _ = self.tx.codebooks.save(study, BOOK, by=self.cast.people[lead], note="")
        self.tx.rounds.take_snapshot(study, revision.id)
        self.cast.studies[name] = study
        self.cast.codebooks[name] = revision.codebook_id

    def _members(self) -> None:
        roles = {
            CLEO: Role.LEAD,
            BEA: Role.CODER,
            HUGO: Role.CODER,
            HANA: Role.CODER,
            OLAF: Role.OBSERVER,
            NORA: Role.CODER,
            ADA: Role.ADJUDICATOR,
            ABEL: Role.ADJUDICATOR,
            ELI: Role.CODER,
        }
        for name, role in roles.items():
            self.tx.people.join(self.cast.studies["ours"], self.cast.people[name], role)
        self.tx.people.leave(self.cast.studies["ours"], self.cast.people[ELI])
        self.tx.people.join(self.cast.studies["theirs"], self.cast.people["zoe"], Role.CODER)

    def _texts(self) -> None:
        texts = {
            "coded": [CODED.format(n=number) for number in range(6)],
            "near": [
                CODED.format(n=0).replace(" and ", "  and "),
                "What Dario told us about the garden.",
                "What Mina told us about the night bus.",
            ],
            "aside": ["Vera painted the kitchen twice.", "Omar wrote to the court himself.", "Nobody had asked Lena before."],
            "spare": ["Nobody codes this one.", "Nor this one."],
        }
        for name, paragraphs in texts.items():
            self._bring("ours", name, paragraphs)
        self._bring("theirs", "abroad", ["A text of another study."])

    def _bring(self, study: str, name: str, paragraphs: list[str]) -> None:
        new = read_documents(f"{name}.txt", "\n\n".join(paragraphs).encode(), DocumentOptions())
        done = self.tx.corpus.bring_in(self.cast.studies[study], new)
        self.cast.documents[name] = done.added[0]
        if study == "ours":
            self.cast.excerpts.extend(excerpt.id for excerpt in self.tx.corpus.excerpts_of(done.added[0]))

    def _rounds(self) -> None:
        four = (BEA, CLEO, HUGO, HANA)
        coded, near, far, aside = (self.cast.excerpts[start:end] for start, end in ((0, 6), (6, 7), (7, 9), (9, 12)))
        self._round("early", far, four)
        self._round("pilot", coded[:3], four)
        self._round("near", near, (HUGO, HANA))
        self._round("main", coded, (*four, ABEL), design=Design(repeats=Repeats(share=0.34, distance=2)))
        self._round("assisted", aside, four, SuggestionPolicy.RANDOMISED)
        self._round("parallel", coded[:2], (HUGO, HANA))
        self._round("draft", far, (BEA, NORA))
        for name in ("early", "pilot", "near"):
            self.tx.rounds.open(self.cast.rounds[name], self.cast.people[LEA])
        for name in four:
            self._code("early", name)
        self.tx.rounds.close(self.cast.rounds["early"], self.cast.people[LEA])

    def _round(
        self,
        name: str,
        excerpts: list[ExcerptId],
        coders: tuple[str, ...],
        policy: SuggestionPolicy = SuggestionPolicy.NONE,
        design: Design = PLAIN,
    ) -> None:
        study = self.cast.studies["ours"]
        codebook = self.tx.codebooks.latest(study)
        plan = Plan(
            name=f"Round {name}",
            kind=RoundKind.RELIABILITY,
            policy=policy,
            revision_id=codebook.id if codebook else "",
            sample_method="chosen",
            sample_seed=7,
            sample=_drawn(excerpts),
            coders=tuple(self.cast.people[coder] for coder in coders),
            close_by=None,
            design=design,
        )
        self.cast.rounds[name] = self.tx.rounds.plan(study, plan, self.cast.people[LEA])

    def _code(self, round_name: str, coder: str) -> None:
        round_ = self.tx.codings.lock(self.cast.rounds[round_name], self.cast.people[coder])
        turns = self.tx.assignments.of(round_.id, self.cast.people[coder])
        content = Content(answers=(Answer(variable=THEME, codes=CODES[: len(coder) % 3]),))
        self.tx.codings.submit(round_, self.cast.people[coder], [(AssignmentId(turn.id), content) for turn in turns])

    def _keys(self) -> None:
        for name, person in self.cast.people.items():
            token, secret = self.tx.tokens.issue(
                kind=TokenKind.PERSON, name=name, scopes=tuple(Scope), person_id=person, study_id=None, life=FAR
            )
            self.cast.tokens[name], self.cast.secrets[name] = token, secret
            spare, _ = self.tx.tokens.issue(
                kind=TokenKind.PERSON, name="spare", scopes=[Scope.CODE], person_id=person, study_id=None, life=FAR
            )
            self.cast.tokens[f"{name}-spare"] = spare
            self.cast.secrets[f"{name}@page"] = self.tx.sessions.start(person)
        for tool, lead, study in ((TOOL, CLEO, "ours"), (HUGO_TOOL, HUGO, "theirs"), ("lea-tool", LEA, "ours")):
            token, secret = self.tx.tokens.issue(
                kind=TokenKind.MACHINE,
                name=tool,
                scopes=[Scope.SUGGEST, Scope.RESULTS],
                person_id=self.cast.people[lead],
                study_id=self.cast.studies[study],
                life=FAR,
            )
            self.cast.tokens[tool], self.cast.secrets[tool] = token, secret


def _drawn(excerpts: list[ExcerptId]) -> tuple[Drawn, ...]:
    return chosen_set(excerpts)


def _embed(tx: Transaction) -> None:
    texts = tx.vectors.missing(MODEL, limit=1_000)
    vectors = HashEncoder().encode(texts)
    tx.vectors.put(MODEL, {TextKey(text_key(text)): vector for text, vector in zip(texts, vectors, strict=True)})


BOOK_HINTS: dict[str, list[object]] = {
    "codebook": [msgspec.to_builtins(BOOK), {"variables": [{"name": THEME, "scheme": "one_code", "codes": [{"name": CODES[0]}]}]}],
    "variable": [THEME, "tone", PASSAGE, "nothing"],
    "code": [*CODES, "warm", MARK, "nothing"],
    "scopes": ["code", "manage"],
    "server": [SERVER, "nothing"],
    "minimum": [0.4, 0.9],
    "answers": [
        [{"variable": THEME, "codes": [CODES[0]]}],
        [{"variable": THEME, "codes": [CODES[1]]}, {"variable": "tone", "codes": ["warm"]}],
        [{"variable": THEME, "codes": []}],
        [{"variable": THEME, "codes": ["nothing"]}],
        [{"variable": "nothing", "codes": [CODES[0]]}],
        [{"variable": "tone", "codes": ["warm", "cold"]}],
        [{"variable": THEME, "spans": [{"start": 0, "end": 4, "code": CODES[0]}]}],
        [{"variable": PASSAGE, "spans": [{"start": 0, "end": 4, "code": MARK}]}],
        [{"variable": THEME, "codes": [CODES[0]], "spans": []}],
        [],
    ],
}
"""Values of the fields that a codebook gives meaning to, or that stand in an order to others."""
