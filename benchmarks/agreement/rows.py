"""Running one task in a process of its own, and the rows and table that come of it."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryFile

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A measurement; ``ratio`` is the peer's seconds by ours on the same data, ``note`` says why there is no number."""

    name: str
    units: int
    seconds: float | None
    peak_rss_mb: float | None
    peer: str | None
    ratio: float | None
    value: float | None = None
    note: str | None = None

    def plain(self) -> dict[str, str | int | float | None]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a process said and took; ``failed`` is its last line of errors."""

    seconds: float | None
    value: float | None
    peak_rss_mb: float | None
    failed: str | None = None


def measure(command: Sequence[str], *, seconds: float) -> Measured:
    """Run a worker and read its time, value and peak memory."""
    with TemporaryFile() as out, TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=out, stderr=errors, cwd=ROOT)
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return Measured(None, None, None, f"stopped after {seconds:.0f} s")
        out.seek(0)
        errors.seek(0)
        said, complained = out.read().decode(), errors.read().decode(errors="replace")
    if process.returncode:
        return Measured(None, None, None, (complained.strip().splitlines() or [f"exit {process.returncode}"])[-1][:120])
    result = json.loads(said.strip().splitlines()[-1])
    return Measured(result["seconds"], result["value"], result.get("peak_rss_mb"))


def table(rows: Sequence[Row]) -> str:
    """Lay rows out for a terminal."""
    lines = [f"{'task':42} {'units':>9} {'seconds':>9} {'peak MB':>8} {'ratio':>8}  by"]
    for row in rows:
        seconds = "-" if row.seconds is None else f"{row.seconds:.3f}"
        peak = "-" if row.peak_rss_mb is None else f"{row.peak_rss_mb:.0f}"
        ratio = "" if row.ratio is None else f"{row.ratio:.1f}x"
        lines.append(f"{row.name:42} {row.units:>9} {seconds:>9} {peak:>8} {ratio:>8}  {row.peer or 'ours'} {row.note or ''}".rstrip())
    return "\n".join(lines)
