"""What may be submitted, and when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.codebook.model import Code, Codebook, Scheme, Variable
from service.coding.model import Answer, CodedSpan, Content, Round, RoundId, RoundKind, RoundState, SuggestionPolicy
from service.coding.submission import LONGEST_MEMO, MOST_SPANS, check_content, check_not_handed_in, check_open
from service.corpus.model import StudyId
from service.errors import BadInput, Conflict, NotFound, RoundClosed
from tests.store.scene import CODEBOOK, one

TEXT = "The mentor 🦜 listened."
SPANS = Variable(name="places", scheme=Scheme.SPANS, codes=(Code(name="who"), Code(name="what")))
BOOK = Codebook(variables=(*CODEBOOK.variables, SPANS))


def round_in(state: RoundState) -> Round:
    return Round(
        id=RoundId("r"),
        study_id=StudyId("s"),
        name="Round",
        kind=RoundKind.PILOT,
        policy=SuggestionPolicy.NONE,
        revision_id="v",
        sample_method="chosen",
        sample_seed=1,
        close_by=None,
        state=state,
        opened_at=None,
        closed_at=None,
        seal=None,
        coders=(),
    )


def answer(variable: str, *codes: str) -> Answer:
    return Answer(variable=variable, codes=codes)


def spans(*given: tuple[int, int, str]) -> Content:
    marked = tuple(CodedSpan(start=start, end=end, code=code) for start, end, code in given)
    return Content(answers=(Answer(variable="places", codes=(), spans=marked),))


def test_only_an_open_round_takes_codings() -> None:
    check_open(round_in(RoundState.OPEN))
    with pytest.raises(RoundClosed):
        check_open(round_in(RoundState.CLOSED))
    with pytest.raises(NotFound):  # a draft is nobody's to know but the lead's
        check_open(round_in(RoundState.DRAFT))


def test_who_has_handed_in_codes_no_more() -> None:
    check_not_handed_in(False)
    with pytest.raises(Conflict, match="handed in"):
        check_not_handed_in(True)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(one("hope"), id="one code"),
        pytest.param(Content(answers=(answer("theme"),)), id="none applies"),
        pytest.param(Content(answers=(answer("needs", "time", "trust"),)), id="several codes"),
        pytest.param(Content(answers=(answer("needs"), answer("theme", "fear"))), id="both variables"),
        pytest.param(spans((4, 12, "who"), (13, 22, "what")), id="spans"),
        pytest.param(spans((0, 22, "what"), (4, 12, "who")), id="spans of two codes overlap"),
        pytest.param(spans((0, 4, "who"), (4, 12, "who")), id="spans of a code touch"),
        pytest.param(spans(), id="no span: none applies"),
        pytest.param(Content(skip="cannot be read"), id="skipped"),
        pytest.param(Content(skip="cannot be read", memo="page torn", confidence=1), id="skipped with notes"),
        pytest.param(one("hope", memo="x" * LONGEST_MEMO), id="longest memo"),
        pytest.param(one("hope", memo="🧑🏽‍🦽 e\u0301 \u202e\r\n\ufffe"), id="any characters but two"),
    ],
)
def test_what_fits_the_codebook_is_given_back(content: Content) -> None:
    assert check_content(content, BOOK, length=len(TEXT)) is content


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(Content(), "at least one variable", id="nothing"),
        pytest.param(Content(skip=""), "a few words", id="skip without reason"),
        pytest.param(Content(skip=" \n"), "a few words", id="blank reason"),
        pytest.param(Content(answers=one("hope").answers, skip="why"), "either answers or a reason", id="answers and skip"),
        pytest.param(one("hope", variable="mood"), "no variable of that name", id="unknown variable"),
        pytest.param(one("joy"), "Coders choose codes", id="unknown code"),
        pytest.param(one("hope", variable="needs"), "no such code", id="another variable's code"),
        pytest.param(one("Hope"), "no such code", id="names are exact"),
        pytest.param(Content(answers=(answer("theme", "hope", "fear"),)), "takes one code; 2", id="two of one"),
        pytest.param(Content(answers=(answer("theme", "hope", "hope"),)), "A code is given twice", id="a code twice"),
        pytest.param(Content(answers=(answer("needs"), answer("needs"))), "A variable is given twice", id="a variable twice"),
        pytest.param(spans((4, 23, "who")), "outside the excerpt's 22 characters", id="a span beyond the end"),
        pytest.param(spans((-1, 3, "who")), "outside the excerpt", id="a span before the beginning"),
        pytest.param(spans((4, 4, "who")), "not after its start", id="an empty span"),
        pytest.param(spans((9, 4, "who")), "not after its start", id="a span backwards"),
        pytest.param(spans((4, 12, "whom")), "no such code", id="a span of no code"),
        pytest.param(spans((10, 22, "who"), (4, 12, "who")), "span 2 overlaps another span of the same code", id="a code over itself"),
        pytest.param(spans((4, 12, "who"), (4, 12, "who")), "overlaps another", id="a span twice"),
        pytest.param(Content(answers=(answer("places", "who"),)), "each code with its start and end", id="a code without a place"),
        pytest.param(
            Content(answers=(Answer(variable="theme", codes=(), spans=spans((0, 3, "hope")).answers[0].spans or ()),)),
            "for the whole excerpt, not spans",
            id="a span where codes are for the whole",
        ),
        pytest.param(spans(*((place, place + 1, "who") for place in range(MOST_SPANS + 1))), "the most is 1,000", id="too many spans"),
        pytest.param(Content(answers=one("hope").answers, confidence=0), "confidence is 1", id="confidence 0"),
        pytest.param(Content(answers=one("hope").answers, confidence=4), "confidence is 1", id="confidence 4"),
        pytest.param(one("hope", memo="x" * (LONGEST_MEMO + 1)), "memo is longer", id="memo too long"),
        pytest.param(Content(skip="x" * (LONGEST_MEMO + 1)), "skip is longer", id="reason too long"),
        pytest.param(one("hope", memo="a\0b"), "memo holds a NUL", id="NUL"),
        pytest.param(Content(skip="\ud83d"), "skip holds a NUL or half", id="half a surrogate pair"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_rule(content: Content, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        check_content(content, BOOK, length=len(TEXT))


def test_a_refusal_tells_nothing_that_was_written() -> None:
    secret = "CANARY-5e1f"
    for content in (one(secret), one("hope", variable=secret), one("hope", memo=secret + "\0")):
        with pytest.raises(BadInput) as refused:
            check_content(content, BOOK, length=len(TEXT))
        assert secret not in refused.value.detail


NAMES = st.text(max_size=6)
ANSWERS = st.builds(Answer, variable=NAMES | st.just("theme"), codes=st.lists(NAMES | st.just("hope"), max_size=3).map(tuple))
CONTENTS = st.builds(
    Content,
    answers=st.lists(ANSWERS, max_size=3).map(tuple),
    skip=st.none() | st.text(max_size=5),
    confidence=st.none() | st.integers(-1, 5),
    memo=st.text(max_size=5),
)


@given(CONTENTS)
def test_any_content_is_taken_whole_or_refused(content: Content) -> None:
    try:
        taken = check_content(content, BOOK, length=len(TEXT))
    except BadInput:
        return
    assert taken is content
    assert bool(content.answers) != bool(content.skip)
    assert all(len(answer.codes) <= 1 for answer in content.answers if answer.variable == "theme")
