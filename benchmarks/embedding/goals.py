"""What is wanted of the runtime that the service takes here, beside what was measured in this run."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.embedding.rows import Row

BARE = "openvino bf16 by hand"


@dataclass(frozen=True, slots=True)
class Goal:
    """``told`` says what the measured figure is; it is to be ``wanted`` at least, or at most."""

    question: str
    told: str
    measured: Callable[[Row], float | None]
    wanted: float
    at_most: bool = False

    def row(self, row: Row) -> Row | None:
        """The goal beside the measured row's figure; None where that was not measured."""
        found = self.measured(row)
        if found is None:
            return None
        reached = found <= self.wanted if self.at_most else found >= self.wanted
        note = f"{self.told}, wanted {'<=' if self.at_most else '>='} {self.wanted:g}: {'reached' if reached else 'not reached'}"
        return Row(name="goal", runtime=row.runtime, workload=row.workload, x=found, note=note)


GOALS = (
    Goal("bulk", "bulk: least cosine to the default's vectors", lambda row: row.cosine_min, 0.9999),
    Goal("bulk", "bulk: share of texts with the same top code", lambda row: row.agreement_top1, 0.99),
    Goal("bulk", "bulk: fraction of the roofline", lambda row: row.fraction_of_roofline, 0.5),
    Goal("single", "one text: share of the default's p50", lambda row: _inverse(row.ratio_to_sentence_transformers), 0.45, at_most=True),
    Goal("concurrent", "32 callers: x one by one", lambda row: row.x, 1.15),
    Goal("beside_bulk", "beside a bulk job: x the idle p99", lambda row: row.x, 3, at_most=True),
    Goal("event_loop", "event loop: ms late, p99", lambda row: row.p99_ms, 20, at_most=True),
    Goal("http", "HTTP: x the same endpoint on the default", lambda row: row.ratio_to_sentence_transformers, 4),
    Goal("cold_start", "seconds to the first vector", lambda row: row.seconds, 0.6, at_most=True),
    Goal("service_start", "seconds to the first suggestion", lambda row: row.seconds, 3, at_most=True),
)


def goals(rows: Sequence[Row], runtime: str) -> Iterator[Row]:
    """A row a goal and workload: of the runtime's own process, and of the service, whose rows are *ours*."""
    peaks = {row.runtime: row.gop_per_s for row in rows if row.name == "machine" and row.gop_per_s is not None}
    bare = {row.workload: row.peak_rss_mb for row in rows if row.name == "bulk" and row.runtime == BARE}
    for goal in (in_bulk(peaks), in_memory(bare), *GOALS):
        measured = (goal.row(row) for row in rows if row.name == goal.question and row.runtime in {runtime, "ours"})
        yield from (found for found in measured if found is not None)


def in_bulk(peaks: Mapping[str, float]) -> Goal:
    """Four times the default's speed. Without bf16 two and a half would do; that it is no faster than fp32 is told, and lowers nothing."""
    slow = peaks["bf16"] <= peaks["f32"]
    told = "bulk: x the default's tokens a second" + (" (2.5 without bf16; it is no faster than fp32 here)" if slow else "")
    return Goal("bulk", told, lambda row: row.ratio_to_sentence_transformers, 4)


def in_memory(bare: Mapping[str, float | None]) -> Goal:
    """So many megabytes more than the bare runtime on the same workload, where that was measured."""

    def more(row: Row) -> float | None:
        least = bare.get(row.workload)
        return None if least is None or row.peak_rss_mb is None else row.peak_rss_mb - least

    return Goal("bulk", f"peak memory: MB more than {BARE}", more, 200, at_most=True)


def _inverse(ratio: float | None) -> float | None:
    return None if ratio is None else 1 / ratio
