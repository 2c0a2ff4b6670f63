"""Cells that a spreadsheet would take for formulas: guarded on the way out, restored on the way in.

A guard is an apostrophe, as OWASP ASVS 5.0, 1.2.10 asks. It stands before a cell that begins with ``= + - @``, a tab or a line end,
and before ``= + - @`` after a semicolon, tab or line end inside a cell: a spreadsheet set to another separator starts a new cell
there. Cells that have apostrophes there already get one more, so taking one away restores every cell. A plain number is no formula
and stays a number.
"""

import re

# The last four are the full-width forms, which spreadsheets in East Asian locales read alike.
_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?", re.ASCII)
_FORMULA = re.compile(rf"(?:\A(?=['\"]*[{_SIGNS}\t\r\n])|(?<=[;\t\r\n])(?=['\"]*[{_SIGNS}]))")
_GUARD = re.compile(rf"(?:\A'(?=['\"]*[{_SIGNS}\t\r\n])|(?<=[;\t\r\n])'(?=['\"]*[{_SIGNS}]))")


def guarded(cell: str) -> str:
    """Write the cell so that no spreadsheet runs it."""
    return cell if _NUMBER.fullmatch(cell) else _FORMULA.sub("'", cell)


def restored(cell: str) -> str:
    """Undo ``guarded``; a cell without guards stays as it is."""
    return _GUARD.sub("", cell)
