"""The methods paragraph says what the figures say, and leaves out nothing that weakens them."""

from msgspec.structs import replace

from service.agreement.profile import STANDARD_1
from service.codebook.model import Codebook
from service.coding.model import RoundKind
from service.report.agreement import RoundReport, Unblinding, round_agreement
from service.report.closed import ClosedRound, Sample
from service.report.methods import methods_paragraph
from tests.report.test_models import TONE as VARIABLE
from tests.report.test_models import compared, singles
from tests.report.test_round_agreement import CODERS, TONE, both

PAIRS = [("good", "good")] * 40 + [("bad", "bad")] * 30 + [("good", "bad")] * 10 + [("bad", "good")] * 20


def report(pairs: list[tuple[str, str]] = PAIRS) -> RoundReport:
    documents = {str(place): f"document {place % 7}" for place in range(len(pairs))}
    sample = Sample(documents=documents, lengths=dict.fromkeys(documents, 40))
    closed = ClosedRound(revealed=both(pairs), codebook=Codebook(variables=(TONE,)), coders=CODERS, sample=sample)
    figures = round_agreement(closed, profile=STANDARD_1, list_at_most=0)
    return RoundReport(
        round_id="r",
        name="First",
        kind=RoundKind.RELIABILITY,
        codebook_revision=3,
        sample_method="random",
        sample_seed=7,
        draw="drawn at random",
        design="every coder codes every excerpt",
        opened_at=None,
        closed_at=None,
        seal="5ea1",
        provenance=["in service"],
        unblinded=[],
        agreement=figures,
    )


def test_it_says_design_result_method_and_record() -> None:
    # 100 excerpts: p_o .7; good is given 50 and 60 times of 200: alpha = 1 - 199 * 60 / (2 * 110 * 90) = .39697.
    said = methods_paragraph(report(), software="Intercoder 9.9")
    assert said.startswith(
        "Two coders independently coded 100 excerpts, drawn at random, seed 7 (every coder codes every excerpt), with revision 3"
    )
    assert "For tone, Krippendorff's alpha (nominal) was .397 on 100 excerpts, 95% interval ." in said
    assert "pairs of coders agreed in 70% of comparisons." in said
    assert ": not reliable;" in said
    assert STANDARD_1.sentence(next(iter(STANDARD_1.metric)), by_cluster=True) in said
    assert said.endswith("Computed with Intercoder 9.9. The ledger of the round was sealed at its close (digest 5ea1).")


def test_what_weakens_the_claim_is_in_it() -> None:
    whole = report()
    weak = replace(
        whole,
        provenance=["imported", "simulated"],
        unblinded=[Unblinding(at="", reason="a coder fell ill")],
        agreement=replace(whole.agreement, assisted=4, peer_exposed=1, skipped=2, erased=3),
    )
    said = methods_paragraph(weak, software="Intercoder 9.9")
    for sentence in (
        "The codings were simulated and made by no person.",
        "that they were made independently is declared and cannot be proved",
        "opened to a researcher before the close (a coder fell ill)",
        "4 codings made after a model's suggestion and 1 made after sight",
        "2 codings were skipped",
        "The content of 3 codings has been erased since.",
    ):
        assert sentence in said
        assert sentence not in methods_paragraph(whole, software="Intercoder 9.9")


def test_no_estimate_is_said_with_its_reason() -> None:
    said = methods_paragraph(report([("good", "good")] * 3), software="Intercoder 9.9")
    assert "For tone there is no estimate: everyone gave the same code" in said


def test_a_model_coder_is_named_and_kept_apart() -> None:
    # Eight pairs, six alike, sixteen values, eight of each code: alpha 1 - .25/.5333 = .531.
    beside = compared(VARIABLE, {"ann": singles("xxyx"), "ben": singles("xyyy")}, singles("xxyy"))
    said = methods_paragraph(replace(report(), models=beside), software="Intercoder 9.9")
    about = beside.coders[0]
    assert f"sealed until the close and no part of the figures above: {about.name} ({about.model}, configuration" in said
    assert f"for {VARIABLE.name} Krippendorff's alpha of {about.name} and the coders was .531 on 8 pairs" in said
    assert said.index("no part of the figures above") < said.index("Computed with Intercoder 9.9.")
    assert "a model coded the excerpts" not in methods_paragraph(report(), software="Intercoder 9.9")
