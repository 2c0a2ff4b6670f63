"""What is taken out of a text before it leaves. What cannot be taken out for sure keeps the text here."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from enum import StrEnum

from service.errors import Unavailable

WORD, ADDRESS, NUMBER = "[word]", "[address]", "[number]"
_ADDRESSES = re.compile(r"\b[a-z][a-z0-9+.-]*://\S+|\bwww\.\S+|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
_NUMBERS = re.compile(r"\+?\d(?:[\s()/.-]{0,2}\d){4,}")


class Redaction(StrEnum):
    """What goes besides the lead's own words; ``contacts`` are mail and web addresses and numbers of five digits or more."""

    WORDS = "words"
    CONTACTS = "contacts"


def redactor(redaction: Redaction, words: Sequence[str]) -> Callable[[str], str]:
    """Give what takes the words out wherever they stand, whatever their case, inside longer words too.

    It raises Unavailable where a word is still to be seen afterwards, such as one whose accents are encoded otherwise.
    """
    longest = sorted({word for word in words if word.strip()}, key=lambda word: (-len(word), word))
    pattern = re.compile("|".join(re.escape(word) for word in longest), re.IGNORECASE) if longest else None
    seen = [_folded(word) for word in longest]

    def redact(text: str) -> str:
        found = pattern.sub(WORD, text) if pattern else text
        if redaction is Redaction.CONTACTS:
            found = _NUMBERS.sub(NUMBER, _ADDRESSES.sub(ADDRESS, found))
        left = _folded(found.replace(WORD, " "))
        if any(word in left for word in seen):
            message = "A word of the study's list could not be taken out for sure, so nothing was sent to the language model."
            raise Unavailable(message)
        return found

    return redact


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
