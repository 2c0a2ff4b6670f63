"""The model coders of a proof: what each is and gave stands in a chain of the ledger of its own, and nowhere else."""

from collections.abc import Mapping, Sequence

import msgspec

from service.coding.ledger import EntryKind
from service.coding.model import PersonId, RoundId
from service.coding.model_coders import Configuration, Given, ModelCoder, ModelCoderId, ModelCoding
from service.report.broken import BreakError
from service.report.proof import LedgerLine, Proof

KINDS = frozenset({EntryKind.MODEL_CODER.value, EntryKind.MODEL_CODING.value})


def model_chains(proof: Proof) -> dict[str, list[LedgerLine]]:
    """Give the chains of model coders by their ids, each in its order."""
    ids = {line.person_id for line in proof.ledger if line.kind in KINDS}
    return {one: [line for line in proof.ledger if line.person_id == one] for one in sorted(ids)}


def model_coders_of(proof: Proof) -> list[ModelCoder]:
    """Give what each model coder is, from the first entry of its chain."""
    return [
        ModelCoder(
            id=ModelCoderId(one),
            round_id=RoundId(proof.round.id),
            at=lines[0].at,
            configuration=msgspec.json.decode(lines[0].content or "", type=Configuration),
        )
        for one, lines in model_chains(proof).items()
    ]


def model_codings_of(proof: Proof) -> list[ModelCoding]:
    """Give what each gave, from the other entries."""
    return [
        ModelCoding(model_coder_id=ModelCoderId(one), sequence=line.sequence, at=line.at, given=_given(line))
        for one, lines in model_chains(proof).items()
        for line in lines[1:]
    ]


def model_coders(proof: Proof) -> str:
    """Check that each chain begins with what the model coder is and then has one coding for each excerpt, in the sample's order."""
    chains = model_chains(proof)
    for one, lines in chains.items():
        _check_chain(proof, one, lines)
    names = [one.configuration.name for one in model_coders_of(proof)]
    if len(set(names)) != len(names):
        where = "the chains of the model coders"
        raise BreakError(where, "one configuration is there twice.")
    return (
        f"model coders: {len(chains)}, each with one coding for each of {len(proof.excerpts)} excerpts" if chains else "model coders: none"
    )


def _check_chain(proof: Proof, one: str, lines: Sequence[LedgerLine]) -> None:
    where = f"the chain of the model coder {one}"
    people = {turn.person_id for turn in proof.assignments} | set(proof.names())
    if PersonId(one) in people or not one:
        raise BreakError(where, "a person of the round has this id.")
    kinds = [line.kind for line in lines]
    if kinds != [EntryKind.MODEL_CODER.value, *[EntryKind.MODEL_CODING.value] * len(proof.excerpts)]:
        raise BreakError(where, "it is not one entry of what the model coder is and then one for each excerpt of the sample.")
    codes = {variable.name: {code.name for code in variable.codes} for variable in proof.codebook.codebook.variables}
    for line, excerpt in zip(lines[1:], proof.excerpts, strict=True):
        given = _given(line)
        if given is not None and (given.excerpt != excerpt.excerpt_id or not _known(given, codes)):
            raise BreakError(f"{where}, entry {line.sequence}", "it is not a coding of the sample's excerpt at this place by the codebook.")
        if given is not None and excerpt.salt is None and not excerpt.text:
            raise BreakError(f"{where}, entry {line.sequence}", "its excerpt is erased, and what the model gave it is not.")


def _known(given: Given, codes: Mapping[str, set[str]]) -> bool:
    return all(answer.variable in codes and codes[answer.variable].issuperset(answer.codes) for answer in given.answers)


def _given(line: LedgerLine) -> Given | None:
    return None if line.content is None else msgspec.json.decode(line.content, type=Given)
