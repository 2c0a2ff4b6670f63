"""Published tables, restated in ``published.json`` with where they were printed, as cases."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Row = list[Any]


def published_cases() -> list[dict[str, Any]]:
    """Read the cases and lay their tables out as rows."""
    content = json.loads(Path(__file__).with_name("published.json").read_text(encoding="utf-8"))
    rows = {name: laid_out(table) for name, table in content["tables"].items()}
    return [case | {"data": rows.get(case["table"], [])} for case in content["cases"]]


def laid_out(table: Mapping[str, Any]) -> list[Row]:
    """Lay out one table by the form in which it is restated."""
    form, content = next(iter(table.items()))
    match form:
        case "crossed":
            return crossed(**content)
        case "wide":
            return wide(content)
        case "repeated":
            return repeated(content)
        case _:
            return content


def crossed(coders: Sequence[str], labels: Sequence[Any], cells: Sequence[Sequence[int]]) -> list[Row]:
    """Two coders' codings from their confusion table."""
    both = [(a, b) for a, row in zip(labels, cells, strict=True) for b, n in zip(labels, row, strict=True) for _ in range(n)]
    return [[f"u{at}", coder, code] for at, pair in enumerate(both) for coder, code in zip(coders, pair, strict=True)]


def wide(by_coder: Mapping[str, str | Sequence[str]]) -> list[Row]:
    """One string (or list) a coder, one sign a unit; a dot is a gap."""
    return [[f"u{at}", coder, code] for coder, codes in by_coder.items() for at, code in enumerate(codes) if code != "."]


def repeated(by_coder: Mapping[str, str]) -> list[Row]:
    """One word a unit, one sign for each time the coder coded it."""
    return [[f"p{at}", coder, code] for coder, codes in by_coder.items() for at, word in enumerate(codes.split()) for code in word]
