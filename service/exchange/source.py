"""From the bytes of a file to its text; whatever is wrong with it is one message that names the file and the place."""

from collections.abc import Callable, Sequence

from service.errors import BadInput, TooLarge

MOST_BYTES = 100_000_000
LONGEST_LINE = 1_000_000
_BOM = b"\xef\xbb\xbf"
_OTHER_KINDS = (
    (b"\xff\xfe", "is in UTF-16. Save it as UTF-8 (in a spreadsheet: CSV UTF-8)"),
    (b"\xfe\xff", "is in UTF-16. Save it as UTF-8 (in a spreadsheet: CSV UTF-8)"),
    (b"PK\x03\x04", "is a spreadsheet, a word processor file or an archive. Save it as text, CSV or JSON Lines in UTF-8"),
    (b"%PDF", "is a PDF. Save its text as UTF-8"),
    (b"\x1f\x8b", "is compressed. Unpack it first"),
)

# Says where a file's text ends, for the text before a bad byte: "line 3", or a row and column.
Locate = Callable[[str], str]


def at(row: int | None = None, column: str | None = None) -> str:
    """Name a place in a table; rows are numbered as spreadsheets do, so the header is row 1."""
    parts = ("" if row is None else f"row {row}", "" if column is None else f"column {quoted(column)}")
    return ", ".join(filter(None, parts))


def at_line(before: str) -> str:
    """Name the line at which a text ends."""
    return f"line {_lines(before) + 1}"


def bad(file: str, place: str, what: str) -> BadInput:
    """Make the one message about a file; ``what`` never holds the file's text."""
    return BadInput(f"{file}, {place}: {what}" if place else f"{file}: {what}")


def quoted(name: str) -> str:
    """Quote a column or code name for a message; what is too long for a name, or cannot be printed, is not shown."""
    return f'"{name}"' if is_showable(name) else '"…"'


def is_showable(name: str) -> bool:
    """Tell whether a cell looks like a name rather than like someone's words: a file without a header puts those in row 1."""
    return len(name) <= len("a_rather_long_name_of_a_column_with_more") and name.isprintable()


def twice(names: Sequence[str]) -> str | None:
    """Find the first name that stands there a second time."""
    seen: set[str] = set()
    return next((name for name in names if name in seen or seen.add(name)), None)


def text_of(file: str, data: bytes, locate: Locate) -> str:
    """Decode UTF-8 without its byte order mark, every other character as it came."""
    if len(data) > MOST_BYTES:
        message = f"{file} is larger than {MOST_BYTES // 1_000_000} MB. Cut it into smaller files."
        raise TooLarge(message)
    if kind := next((kind for start, kind in _OTHER_KINDS if data.startswith(start)), None):
        raise bad(file, "", f"the file {kind}.")
    body = data.removeprefix(_BOM)
    text = _decoded(file, body, len(data) - len(body), locate)
    if not text.strip():
        raise bad(file, "", "the file is empty.")
    if (found := text.find("\x00")) >= 0:
        raise bad(file, locate(text[:found]), "there is a NUL character. Remove it.")
    return text


def check_lines(file: str, text: str) -> None:
    """Refuse a line that no person wrote; asked of formats where a line means something."""
    # Looks back from the furthest place where a line may end, so that few characters are read twice.
    start = 0
    while len(text) - start > LONGEST_LINE:
        end = text.rfind("\n", start, start + LONGEST_LINE + 1)
        if end < 0:
            raise bad(file, at_line(text[:start]), f"the line is longer than {LONGEST_LINE:,} characters. Is this the right file?")
        start = end + 1


def _decoded(file: str, body: bytes, skipped: int, locate: Locate) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        place = f"{locate(body[: error.start].decode())}, byte {skipped + error.start}"
        raise bad(file, place, "this is not UTF-8. Save the file with the encoding UTF-8.") from None


def _lines(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")
