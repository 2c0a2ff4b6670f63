"""An exported round as a proof: everything its report was made of, in files that anybody can read and ``intercoder verify`` checks."""

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any, TypeVar

import msgspec

from service.codebook.model import Codebook
from service.coding.ledger import Entry, EntryKind, Verdict, canonical, commit
from service.coding.material import Material
from service.coding.model import (
    Answer,
    Assignment,
    AssignmentId,
    Coding,
    CodingId,
    Content,
    PersonId,
    Provenance,
    Round,
    RoundId,
    RoundKind,
    RoundState,
    SuggestionPolicy,
)
from service.coding.plan import Design, Draw
from service.coding.reveal import Revealed, blind_codings
from service.corpus.model import ExcerptId, StudyId
from service.exchange.archive import read_archive, write_archive
from service.exchange.source import bad
from service.report.training import Key

FORMAT = "intercoder proof 1"
RECOMPUTED_BY = ("intercoder", "numpy", "polars")
Read = TypeVar("Read")


class CoderFact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A coder under the name that the report has."""

    person_id: str
    name: str


class KeyAnswers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is right for one excerpt, by a training round's key."""

    excerpt_id: str
    answers: tuple[Answer, ...]


class KeyFact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The key of a training round as it was when the proof was made; the proof of its own round shows that it is what was resolved."""

    source: str
    answers: list[KeyAnswers]


class RoundFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was decided about the round, and its seal.

    ``arm_salt`` belongs to the seed that drew the arms of randomised suggestions; ``column`` names what the strata are values of.
    """

    id: str
    name: str
    kind: str
    policy: str
    revision_id: str
    sample_method: str
    sample_seed: int
    draw: Draw | None
    design: Design
    opened_at: str | None
    closed_at: str | None
    seal: str | None
    coders: list[CoderFact]
    arm_salt: str | None = None
    key: KeyFact | None = None
    column: str = ""

    def round(self) -> Round:
        """Give the round as its report is made of it."""
        same = ("name", "revision_id", "sample_method", "sample_seed", "draw", "design", "opened_at", "closed_at", "seal")
        return Round(
            id=RoundId(self.id),
            study_id=StudyId(""),
            kind=RoundKind(self.kind),
            policy=SuggestionPolicy(self.policy),
            close_by=None,
            state=RoundState.CLOSED,
            coders=tuple(PersonId(coder.person_id) for coder in self.coders),
            **{name: getattr(self, name) for name in same},
        )


class LedgerLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of a chain with the content it commits to and the salt in hex; both are null once erased."""

    round_id: str
    person_id: str
    sequence: int
    at: str
    kind: str
    commitment: str
    previous: str
    head: str
    salt: str | None
    content: str | None

    def entry(self) -> Entry:
        """Give the link of the chain."""
        return Entry(
            round_id=self.round_id,
            person_id=self.person_id,
            sequence=self.sequence,
            at=self.at,
            kind=EntryKind(self.kind),
            commitment=self.commitment,
            previous=self.previous,
            head=self.head,
        )


class TurnLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One assignment."""

    id: str
    person_id: str
    excerpt_id: str
    occasion: int
    position: int

    def assignment(self, round_id: str) -> Assignment:
        """Give the assignment."""
        return Assignment(
            id=AssignmentId(self.id),
            round_id=RoundId(round_id),
            person_id=PersonId(self.person_id),
            excerpt_id=ExcerptId(self.excerpt_id),
            occasion=self.occasion,
            position=self.position,
        )


class CodingLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One coding, named by its place in its coder's chain, with its verdict.

    ``supersedes`` is the place of the coding that it corrects; ``counts`` says that agreement is computed on it.
    """

    person_id: str
    sequence: int
    assignment_id: str
    excerpt_id: str
    occasion: int
    at: str
    supersedes: int | None
    provenance: str
    verdict: str
    counts: bool
    content: Content | None

    def revealed(self, round_id: str, verdict: Verdict) -> Revealed:
        """Give the coding under a verdict."""
        coding = Coding(
            id=_coding_id(self.person_id, self.sequence),
            round_id=RoundId(round_id),
            person_id=PersonId(self.person_id),
            assignment_id=AssignmentId(self.assignment_id),
            excerpt_id=ExcerptId(self.excerpt_id),
            occasion=self.occasion,
            sequence=self.sequence,
            at=self.at,
            supersedes=None if self.supersedes is None else _coding_id(self.person_id, self.supersedes),
            provenance=Provenance(self.provenance),
            content=self.content,
        )
        return Revealed(coding, verdict)


class ExcerptLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One excerpt of the sample, in its order; ``salt`` is null and ``text`` empty once it is erased."""

    excerpt_id: str
    document_id: str
    start: int
    end: int
    label: str
    text: str
    probability: float
    salt: str | None

    def commitment(self) -> str | None:
        """Give what the round's opening committed to."""
        if self.salt is None:
            return None
        fields = {name: getattr(self, name) for name in Material.__struct_fields__}
        return commit(bytes.fromhex(self.salt), canonical(Material(**fields)))


class CodebookFact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The codebook revision that the round was coded by."""

    revision_id: str
    number: int
    salt: str | None
    codebook: Codebook


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of a closed round. ``report`` is the JSON of its report, kept as it was printed."""

    round: RoundFacts
    codebook: CodebookFact
    excerpts: list[ExcerptLine]
    assignments: list[TurnLine]
    ledger: list[LedgerLine]
    codings: list[CodingLine]
    report: Any

    def names(self) -> dict[PersonId, str]:
        """Name the coders as the report does."""
        return {PersonId(coder.person_id): coder.name for coder in self.round.coders}


def round_facts(
    round_: Round, names: dict[PersonId, str], *, arm_salt: str | None, key: tuple[str, Key] | None, column: str = ""
) -> RoundFacts:
    """Write down what was decided about a round."""
    return RoundFacts(
        id=round_.id,
        name=round_.name,
        kind=round_.kind.value,
        policy=round_.policy.value,
        revision_id=round_.revision_id,
        sample_method=round_.sample_method,
        sample_seed=round_.sample_seed,
        draw=round_.draw,
        design=round_.design,
        opened_at=round_.opened_at,
        closed_at=round_.closed_at,
        seal=round_.seal,
        coders=[CoderFact(person_id=person, name=name) for person, name in names.items()],
        arm_salt=arm_salt,
        column=column,
        key=None
        if key is None
        else KeyFact(source=key[0], answers=[KeyAnswers(excerpt_id=one, answers=right) for one, right in key[1].items()]),
    )


def _coding_id(person_id: str, sequence: int) -> CodingId:
    return CodingId(f"{person_id} {sequence}")


def coding_lines(revealed: Sequence[Revealed]) -> list[CodingLine]:
    """Write down the codings of a closed round."""
    places = {one.coding.id: one.coding.sequence for one in revealed}
    counted = {coding.id for coding in blind_codings(revealed).values()}
    return [_coding_line(one, places, counts=one.coding.id in counted) for one in revealed]


def _coding_line(one: Revealed, places: Mapping[CodingId, int], *, counts: bool) -> CodingLine:
    coding = one.coding
    return CodingLine(
        person_id=coding.person_id,
        sequence=coding.sequence,
        assignment_id=coding.assignment_id,
        excerpt_id=coding.excerpt_id,
        occasion=coding.occasion,
        at=coding.at,
        supersedes=None if coding.supersedes is None else places[coding.supersedes],
        provenance=coding.provenance.value,
        verdict=one.verdict.value,
        counts=counts,
        content=coding.content,
    )


def write_proof(proof: Proof) -> bytes:
    """Make the zip file of a proof."""
    about = {"round": proof.round.id, "seal": proof.round.seal or ""} | {name: version(name) for name in RECOMPUTED_BY}
    return write_archive(
        FORMAT,
        about,
        {
            "round.json": _document(proof.round),
            "codebook.json": _document(proof.codebook),
            "excerpts.jsonl": _lines(proof.excerpts),
            "assignments.jsonl": _lines(proof.assignments),
            "ledger.jsonl": _lines(proof.ledger),
            "codings.jsonl": _lines(proof.codings),
            "report.json": _document(proof.report),
        },
    )


def read_proof(name: str, data: bytes) -> tuple[Proof, dict[str, str]]:
    """Read a proof's zip file; give it with the versions that made its figures."""
    manifest, found = read_archive(name, data, FORMAT)

    def member(place: str, kind: Callable[[bytes], Read]) -> Read:
        try:
            return kind(found.pop(place))
        except (KeyError, UnicodeDecodeError, msgspec.DecodeError) as error:
            raise bad(name, place, "this member is missing or not what a proof holds there.") from error

    proof = Proof(
        round=member("round.json", msgspec.json.Decoder(RoundFacts).decode),
        codebook=member("codebook.json", msgspec.json.Decoder(CodebookFact).decode),
        excerpts=member("excerpts.jsonl", msgspec.json.Decoder(ExcerptLine).decode_lines),
        assignments=member("assignments.jsonl", msgspec.json.Decoder(TurnLine).decode_lines),
        ledger=member("ledger.jsonl", msgspec.json.Decoder(LedgerLine).decode_lines),
        codings=member("codings.jsonl", msgspec.json.Decoder(CodingLine).decode_lines),
        report=member("report.json", msgspec.json.decode),
    )
    if found:
        raise bad(name, min(found), "a proof holds no such member.")
    return proof, manifest.about


def _document(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value)) + b"\n"


def _lines(values: Sequence[object]) -> bytes:
    return msgspec.json.Encoder().encode_lines(values)
