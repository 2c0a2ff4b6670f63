"""What a coder may submit, as rules over the round's state and its codebook revision."""

from collections.abc import Iterable

from service.codebook.model import Codebook, Scheme, Variable
from service.coding.model import Answer, Content, PersonId, Round, RoundState
from service.errors import BadInput, Conflict, NotFound, RoundClosed

MOST_CODINGS = 1_000
MOST_SPANS = 1_000
LONGEST_MEMO = 10_000
CONFIDENCES = (1, 2, 3)


def check_open(round_: Round) -> None:
    """Refuse unless the round takes codings now."""
    if round_.state is RoundState.DRAFT:
        message = "There is no such round."
        raise NotFound(message)
    if round_.state.is_revealed:
        message = "The round is closed. Your earlier codings count; this one was not stored and is not in the round."
        raise RoundClosed(message)


def check_not_handed_in(handed_in: bool) -> None:  # noqa: FBT001
    """Refuse once the coder has handed in: the own codings are locked for good."""
    if handed_in:
        message = "You have handed in this round, so your codings are locked. Ask the lead if something must be set right after the close."
        raise Conflict(message)


def check_keeps_place(round_: Round, person_id: PersonId) -> None:
    """Refuse a coder whose place somebody else took: what they gave stays, and no more is taken from them."""
    if person_id in round_.leavers:
        message = "Somebody else has taken over your excerpts in this round. Your earlier codings stay; this one was not stored."
        raise Conflict(message)


def check_content(content: Content, codebook: Codebook, *, length: int) -> Content:
    """Give the content back if it fits the codebook revision and a text of so many code points; name the field and the rule if not."""
    _check_notes(content)
    if content.skip is not None:
        return _check_skip(content)
    if not content.answers:
        message = "A coding needs an answer for at least one variable, or a reason for skipping."
        raise BadInput(message)
    _check_each_once([answer.variable for answer in content.answers], "variable")
    variables = {variable.name: variable for variable in codebook.variables}
    for answer in content.answers:
        _check_answer(answer, variables, length)
    return content


def _check_skip(content: Content) -> Content:
    if content.answers:
        message = "A skipped excerpt takes no answers. Send either answers or a reason for skipping."
        raise BadInput(message)
    if not content.skip or not content.skip.strip():
        message = "Skipping needs a reason in a few words."
        raise BadInput(message)
    return content


def _check_notes(content: Content) -> None:
    if content.confidence not in (None, *CONFIDENCES):
        message = "confidence is 1 (unsure), 2 (fairly sure) or 3 (sure), or left out."
        raise BadInput(message)
    for field, text in (("memo", content.memo), ("skip", content.skip or "")):
        if len(text) > LONGEST_MEMO:
            message = f"{field} is longer than {LONGEST_MEMO} characters. Shorten it."
            raise BadInput(message)
        if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
            message = f"{field} holds a NUL or half a surrogate pair, which no database keeps faithfully. Remove it."
            raise BadInput(message)


def _check_answer(answer: Answer, variables: dict[str, Variable], length: int) -> None:
    variable = variables.get(answer.variable)
    if variable is None:
        message = f"The round's codebook has no variable of that name. It has: {', '.join(variables)}."
        raise BadInput(message)
    if variable.scheme is Scheme.SPANS:
        _check_spans(answer, variable, length)
        return
    if answer.spans:
        message = f"Variable {variable.name} takes codes for the whole excerpt, not spans."
        raise BadInput(message)
    _check_each_once(answer.codes, "code")
    if variable.scheme.takes_one and len(answer.codes) > 1:
        message = f"Variable {variable.name} takes one code; {len(answer.codes)} were sent."
        raise BadInput(message)
    _check_known(variable, answer.codes)


def _check_spans(answer: Answer, variable: Variable, length: int) -> None:
    if answer.codes:
        message = f"Variable {variable.name} takes spans: each code with its start and end in the excerpt's text."
        raise BadInput(message)
    if len(answer.spans) > MOST_SPANS:
        message = f"Variable {variable.name}: there are {len(answer.spans)} spans; the most is {MOST_SPANS:,}."
        raise BadInput(message)
    _check_known(variable, [span.code for span in answer.spans])
    end_of: dict[str, int] = {}
    for place, span in enumerate(sorted(answer.spans, key=lambda span: (span.start, span.end)), 1):
        if not 0 <= span.start < span.end <= length:
            message = f"Variable {variable.name}: a span lies outside the excerpt's {length} characters, or its end is not after its start."
            raise BadInput(message)
        if end_of.get(span.code, 0) > span.start:
            message = f"Variable {variable.name}: span {place} overlaps another span of the same code. Make them one, or apart."
            raise BadInput(message)
        end_of[span.code] = span.end


def _check_known(variable: Variable, codes: Iterable[str]) -> None:
    known = {code.name for code in variable.codes}
    if not known.issuperset(codes):
        message = f"Variable {variable.name} has no such code in the round's codebook revision. Coders choose codes; they do not make them."
        raise BadInput(message)


def _check_each_once(names: list[str] | tuple[str, ...], what: str) -> None:
    if len(set(names)) != len(names):
        message = f"A {what} is given twice in one coding. Give each once."
        raise BadInput(message)
