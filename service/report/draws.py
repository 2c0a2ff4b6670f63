"""How a round's sample was drawn and who coded what, in words for pages and methods sections."""

from service.codebook.model import Codebook
from service.coding.model import Round
from service.coding.plan import (
    Allocation,
    Clustered,
    Design,
    DoubleShare,
    Enriched,
    EveryCoder,
    Overlap,
    SomeCoders,
    Stratified,
    StratifiedBy,
)

WEIGHTED = "Excerpts had different probabilities of being drawn, so every figure weighs each excerpt by 1/probability."


def draw_sentence(round_: Round, codebook: Codebook, column: str = "") -> str:
    """Say how the sample was drawn: codes are named as in the round's codebook revision, ``column`` is what the strata are values of."""
    match round_.draw:
        case Stratified(allocation=Allocation.PROPORTIONAL) as draw:
            return f"drawn at random within each {_stratum(draw, column)}, in proportion to its excerpts"
        case Stratified() as draw:
            return f"drawn at random within each {_stratum(draw, column)}, the same number from each as far as it reaches"
        case Clustered(documents=count):
            return f"all excerpts of {count} documents drawn at random"
        case Enriched(share=share, band=band, codes=codes):
            names = ", ".join(codebook.variables[variable].codes[code].name for variable, code in codes)
            return f"drawn at random, {share:.0%} of them from the {band:.0%} of the study that the model ranks highest for each of {names}"
        case _:
            return "a chosen set" if round_.sample_method == "chosen" else "drawn at random"


def _stratum(draw: Stratified, column: str) -> str:
    if draw.by is not StratifiedBy.COLUMN:
        return draw.by.value
    return f"value of {column}" if column else "value of a column that was erased"


def design_sentence(design: Design) -> str:
    """Say who codes what, and what comes a second time."""
    again = design.repeats
    repeats = f"; {again.share:.0%} of each coder's excerpts come a second time, after {again.distance} others at least" if again else ""
    return f"{_overlap(design.overlap)}{repeats}"


def _overlap(overlap: Overlap) -> str:
    match overlap:
        case EveryCoder():
            return "every coder codes every excerpt"
        case SomeCoders(coders_each=each):
            return f"every excerpt is coded by {each} of the coders"
        case DoubleShare(share=share):
            return f"{share:.0%} of the excerpts are coded by two coders, the rest by one"
