"""JSON from outside, read strictly: no key twice, no NaN, no nesting that exhausts the reader."""

import json
from typing import cast

from service.exchange.source import bad, quoted, twice


class _TwiceError(ValueError):
    """A key stands twice in one object; which of the values was meant nobody can say."""


def read_json(file: str, place: str, text: str) -> object:
    """Parse one JSON value, or refuse with the line and column of the fault."""
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except _TwiceError as error:
        raise bad(file, place, f"the key {quoted(str(error))} is there twice in one object.") from None
    except json.JSONDecodeError as error:
        here = place or f"line {error.lineno}"
        raise bad(file, f"{here}, character {error.colno}", f"this is not JSON: {error.msg.split(':')[0].removesuffix(' at')}.") from None
    except (ValueError, RecursionError):
        raise bad(file, place, "this JSON is nested too deeply or holds a number that is too large, NaN or infinite.") from None


def read_object(file: str, place: str, text: str) -> dict[str, object]:
    """Parse one JSON object."""
    value = read_json(file, place, text)
    if not isinstance(value, dict):
        raise bad(file, place, "this is not a JSON object ({…}).")
    return cast("dict[str, object]", value)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise _TwiceError(twice([name for name, _ in pairs]) or "")
    return fields


def _no_constant(_name: str) -> object:
    raise ValueError
