"""One zip that holds several files with the digest of each: the same files give the same bytes, on any day."""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping

import msgspec

from service.exchange.names import safe_file_name
from service.exchange.source import bad

MANIFEST = "manifest.json"
LARGEST = 4 * 1024**3
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of an archive, as the manifest names it."""

    sha256: str
    bytes: int


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an archive is, what it is about, and every file in it."""

    format: str
    about: dict[str, str]
    members: dict[str, Member]


def write_archive(form: str, about: Mapping[str, str], members: Mapping[str, bytes]) -> bytes:
    """Write files sorted by name, with fixed times, and their manifest first."""
    listed = {name: Member(hashlib.sha256(data).hexdigest(), len(data)) for name, data in sorted(members.items())}
    manifest = msgspec.json.encode(Manifest(form, dict(sorted(about.items())), listed))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, data in [(MANIFEST, msgspec.json.format(manifest)), *sorted(members.items())]:
            info = zipfile.ZipInfo(name, _FIRST_DAY)
            info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o600 << 16
            file.writestr(info, data, compresslevel=6)
    return out.getvalue()


def read_archive(name: str, data: bytes, form: str) -> tuple[Manifest, dict[str, bytes]]:
    """Read the files of an archive of this format, or refuse it with the first member that is not what the manifest says."""
    file = safe_file_name(name)
    found = _unzipped(file, data)
    manifest = _manifest(file, found.pop(MANIFEST, b""), form)
    if odd := sorted(set(found) ^ set(manifest.members)):
        raise bad(file, odd[0], "the manifest and the archive do not name the same members.")
    for member, said in manifest.members.items():
        if (len(found[member]), hashlib.sha256(found[member]).hexdigest()) != (said.bytes, said.sha256):
            raise bad(file, member, "this member is not the one whose sha256 the manifest has.")
    return manifest, found


def _unzipped(file: str, data: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            if sum(info.file_size for info in infos) > LARGEST or len({info.filename for info in infos}) != len(infos):
                raise bad(file, "", "this archive is too large, or names a member twice.")
            return {info.filename: archive.read(info) for info in infos}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise bad(file, "", "this is not a whole zip file.") from error


def _manifest(file: str, data: bytes, form: str) -> Manifest:
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise bad(file, MANIFEST, "the manifest is missing or is not one.") from error
    if manifest.format != form:
        raise bad(file, MANIFEST, f"this is {manifest.format!r}, not {form!r}.")
    return manifest
