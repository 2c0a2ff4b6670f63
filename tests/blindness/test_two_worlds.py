import pytest

from service.leaktest.cast import BEA, CLEO, HANA, LEA, TOOL, B, Cast
from service.leaktest.comparison import BLIND, Comparison, Trial
from service.leaktest.histories import COALITION, EACH, EXAMPLE, History, Mode
from service.leaktest.running import drawn
from service.leaktest.world import Request
from service.leaktest.worlds import compare, compare_each, inline, two_worlds

MODES = [Mode.CONTENT, Mode.WORK]
"""In NI-W the others do nothing in the second world, as in NI-P, and the work is compared besides the answers."""
SEEDS = {BEA: 11, CLEO: 23, TOOL: 47}
NEVER_GRANTED = {
    "deleteStudy": "a study with an open round is not deleted",
    "suggest": "hidden from whoever codes in an open round",
    "streamSuggestions": "hidden from whoever codes in an open round",
    "importCodings": "who codes brings in the own codings only, and the sweep names another coder",
    "POST /rounds/{round_id}/imported-codings": "a form without its file; the operation brings one",
    "POST /rounds/{round_id}/code/span": "the form's words are left empty, as a coding of several answers needs them",
    "unblind": "nobody of B may unblind a round of the same texts",
    "resolveExcerpt": "no body of the sweep gives an answer that an excerpt of the one closed round takes",
    "POST /rounds/{round_id}/resolve": "the form with every box ticked says that somebody kept the answer that was resolved",
    "deleteRound": "what was opened is kept, and the draft is opened before",
    "replaceCoder": "the test of taking over grants it",
    "POST /studies/{study_id}/rounds/preview": "a second button of the plan's form; the operation previews",
    "GET /static/{file_path}": "no such file; the files are the same for all",
    "GET /openapi-unused/{path}": "nothing is there",
    "POST /links/{secret}": "a link opens by its secret only",
    "POST /login": "the template's people have no password",
    "POST /rounds/{round_id}/unblinding": "as for the operation",
    "POST /rounds/{round_id}/deletion": "as for the operation",
    "POST /rounds/{round_id}/opening": "the operation has opened the draft",
    "POST /studies/{study_id}/suggestions": "as for the operation",
    "POST /studies/{study_id}/deletion": "as for the operation",
    "POST /studies/{study_id}/documents": "a form without its file; the operation brings one",
    "POST /studies/{study_id}/codebook/file": "a form without its file; the operation brings one",
    "POST /studies/{study_id}/codebook/{number}/variables/{variable}": "the operation has saved a newer revision",
    "POST /studies/{study_id}/codebook/{number}/variables/{variable}/codes/{code}": "the operation has saved a newer revision",
    "POST /studies/{study_id}/people/{person_id}/links": "the operation has ended the lead's own session",
    "POST /documents/{document_id}/deletion": "the operation has deleted the one that no round holds",
}
"""What the sweep asks for and B is always refused, and why."""


@pytest.mark.parametrize("mode", MODES)
def test_b_cannot_tell_the_worlds_apart(cast: Cast, mode: Mode) -> None:
    """The example history with the whole sweep, which has to succeed, to reach everything, and to be granted something."""
    whole = compare(cast, Trial(mode=mode, history=EXAMPLE))
    assert whole.told is None, str(whole.told)
    assert whole.failed == [], "a failure answers the same in both worlds and would hide a leak behind it"
    _asked_everything(whole)
    refused = {operation for operation, statuses in whole.answered.items() if min(statuses) >= 400}
    assert refused == set(NEVER_GRANTED), "each write is granted to somebody of B, or is named with the reason"


def _asked_everything(whole: Comparison) -> None:
    operations = {operation.id for operation in whole.surface.operations}
    pages = {f"{method} {path}" for method, path in whole.surface.beside}
    for who in B:
        assert operations <= {operation for asker, operation in whole.log if asker == who}
    for who in (BEA, CLEO):
        assert pages <= {operation for asker, operation in whole.log if asker == f"{who}@page"}


def test_routes_are_the_operations_and_the_pages(cast: Cast) -> None:
    """Nothing is served under the API's address that its description does not name."""
    api = [path for _, path in cast.surface.beside if path.startswith("/api/")]
    assert api == ["/api/v1/openapi.json"]
    assert {method for method, _ in cast.surface.beside} == {"GET", "POST"}


@pytest.mark.parametrize("mode", MODES)
def test_silent_on_seeded_histories(cast: Cast, mode: Mode) -> None:
    """One of B asks at the end of each seed's history, in worlds that are put back in between."""
    trials = [Trial(mode=mode, history=seeded(number), thin=True, askers=(asker,)) for asker, number in SEEDS.items()]
    for comparison in compare_each(cast, trials):
        assert comparison.told is None, str(comparison.told)
        assert comparison.failed == []


def seeded(number: int) -> History:
    """Give a seed's first long history; the smallest one, which comes first, is passed over."""
    return next(history for history in drawn(EACH, number, 10) if len(history) > 6)


@pytest.mark.parametrize("mode", [Mode.CONTENT, Mode.WORK])
def test_two_coders_together_cannot_tell_the_worlds_apart(cast: Cast, mode: Mode) -> None:
    """One of the two asks at the end, with the partner's ids too; the whole sweep is part of the long run."""
    together = compare(cast, Trial(mode=mode, history=EXAMPLE, sides=COALITION, thin=True, askers=(HANA,)))
    assert together.told is None, str(together.told)
    assert together.failed == []


def test_the_close_tells_them_apart(cast: Cast) -> None:
    """Not vacuous: after the close the same questions are answered differently."""

    async def run() -> dict[str, list[str]]:
        async with two_worlds(cast, Trial(mode=Mode.PRESENCE, history=EXAMPLE, thin=True)) as comparison:
            await comparison.begin()
            for act in EXAMPLE:
                await comparison.act(act)
            for name in BLIND:
                await comparison.both(Request(LEA, "POST", f"/api/v1/rounds/{cast.rounds[name]}/closing", key=f"close-{name}"))
            return {who: [request.operation for request in comparison.asking(who).reads() if await comparison.tells(request)] for who in B}

    told = inline(run)
    for who in B:
        assert {"getAgreement", "listCodings"} <= set(told[who]), who
    assert "getLedger" in told[CLEO]
    assert "getLedger" not in told[BEA]
    assert "getCompletion" not in told[TOOL]
