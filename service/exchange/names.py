"""File names from outside become names that are safe to show, to store and to send back as a download."""

import re
from pathlib import PurePosixPath

from service.corpus.characters import LONGEST_NAME, is_blank

# Besides path parts: characters that Windows, a shell or a Content-Disposition header would read as something else
# (a percent sign could be decoded a second time), and the controls that turn the writing direction ("txt.exe" shown as "exe.txt").
_UNSAFE = re.compile('[\x00-\x1f\x7f-\x9f<>:"|?*%\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]')


def safe_file_name(name: str) -> str:
    """Keep the last path part, with an underscore for each unsafe character; never empty, hidden or over 200 characters."""
    last = re.split(r"[/\\]", name)[-1]
    shown = _UNSAFE.sub("_", last).strip().lstrip(".").strip()
    if is_blank(shown):
        return "document"
    suffix = suffix_of(shown)
    return shown if len(shown) <= LONGEST_NAME else shown[: LONGEST_NAME - len(suffix)].strip() + suffix


def suffix_of(name: str) -> str:
    """Give the extension in lower case with its dot, or nothing; one longer than ten characters is no extension."""
    suffix = PurePosixPath(name).suffix.lower()
    return suffix if len(suffix) <= len(".1234567890") else ""
