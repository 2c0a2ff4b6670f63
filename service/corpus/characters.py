"""Which characters may be stored: what both databases keep as it was, and what a name may show on a page."""

import re
import unicodedata

LONGEST_NAME = 200

# PostgreSQL refuses NUL and SQLite cuts at it; a lone surrogate has no UTF-8. Both are refused everywhere.
_NUL = re.compile("\x00")
_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
# In a name also: line ends, tabs, and the bidirectional overrides that make one name look like another.
_NOT_IN_A_NAME = re.compile("[\x01-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})


def storing_fault(text: str) -> str | None:
    """Say why a text cannot be stored byte for byte, or nothing; ends a sentence that begins with what it is."""
    if _NUL.search(text):
        return "holds a NUL character"
    if _SURROGATE.search(text):
        return "holds half of a surrogate pair, which is no character"
    return None


def text_fault(text: str, *, longest: int) -> str | None:
    """Say why this cannot be a definition, example or note (line ends and tabs are fine), or nothing."""
    if len(text) > longest:
        return f"is longer than {longest:,} characters"
    if fault := storing_fault(text):
        return fault
    return "holds a control character" if _CONTROL.search(text) else None


def name_fault(name: str, *, longest: int = LONGEST_NAME) -> str | None:
    """Say why this cannot be a name that people read and files carry, or nothing."""
    if is_blank(name):
        return "is empty"
    if len(name) > longest:
        return f"is longer than {longest:,} characters"
    if fault := storing_fault(name):
        return fault
    if _NOT_IN_A_NAME.search(name):
        return "holds a control character, a line end or a change of writing direction"
    return "begins or ends with white space" if name != name.strip() else None


def is_blank(text: str) -> bool:
    """Tell whether nothing would be seen: zero-width characters and byte order marks count as nothing."""
    return all(unicodedata.category(character) in _UNSEEN for character in text.strip())


def twin_key(name: str) -> str:
    """Map names that a reader takes for the same one (NFC and NFD, upper and lower case, widths of space) to one string."""
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    return " ".join(folded.split())
