"""Models that are missing, altered or unsafe are refused with the reason."""

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from service.embedding import DEFAULT_MODEL, open_encoder, read_manifest
from service.embedding.convert import ensure
from service.embedding.converted import GRAPH, RECORD, TOKENIZER, WEIGHTS, read_record
from service.embedding.manifest import check_file, sha256_of
from service.embedding.sources import check_source, stage
from service.errors import Unavailable
from tests.embedding.default_model import MODELS

MANIFEST = f"{DEFAULT_MODEL}.toml"


@pytest.fixture
def copy(models: Path, tmp_path: Path) -> Path:
    """Give a models folder of one's own to break."""
    shutil.copytree(models / DEFAULT_MODEL, tmp_path / DEFAULT_MODEL)
    shutil.copy(models / MANIFEST, tmp_path)
    return tmp_path


def edit(models: Path, old: str, new: str) -> None:
    text = (models / MANIFEST).read_text()
    assert old in text
    (models / MANIFEST).write_text(text.replace(old, new))


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("name", [GRAPH, WEIGHTS, TOKENIZER])
@pytest.mark.parametrize(
    ("harm", "said"), [(Path.unlink, "missing"), (cut_short, "altered or cut short"), (flip_a_bit, "altered or cut short")]
)
def test_a_harmed_file_is_named_with_the_reason(copy: Path, name: str, harm: Callable[[Path], None], said: str) -> None:
    harm(copy / DEFAULT_MODEL / name)
    edit(copy, "\n[source]", 'runtime = "openvino"\n\n[source]')
    with pytest.raises(Unavailable, match=f"{name} is {said}"):
        open_encoder(copy, DEFAULT_MODEL)


def test_a_record_that_was_changed_to_fit_an_altered_tokenizer_is_refused(copy: Path) -> None:
    tokenizer, record = copy / DEFAULT_MODEL / TOKENIZER, copy / DEFAULT_MODEL / RECORD
    before = sha256_of(tokenizer)
    flip_a_bit(tokenizer)
    record.write_text(record.read_text().replace(before, sha256_of(tokenizer)))
    with pytest.raises(Unavailable, match="altered"):
        open_encoder(copy, DEFAULT_MODEL)


def test_a_record_that_is_no_record_is_refused(copy: Path) -> None:
    (copy / DEFAULT_MODEL / RECORD).write_text("{")
    with pytest.raises(Unavailable, match="cannot be read"):
        open_encoder(copy, DEFAULT_MODEL)


def test_a_model_without_a_manifest_is_refused(copy: Path) -> None:
    with pytest.raises(Unavailable, match="no model named 'other'"):
        open_encoder(copy, "other")


@pytest.mark.parametrize("name", ["", ".", "..", "../models/x", "a/b", "a\\b", "a\0b", ".hidden"])
def test_a_name_that_leads_elsewhere_is_no_model(copy: Path, name: str) -> None:
    with pytest.raises(Unavailable, match="no model named"):
        open_encoder(copy, name)


def test_a_model_that_was_not_converted_is_refused(copy: Path) -> None:
    shutil.rmtree(copy / DEFAULT_MODEL)
    with pytest.raises(Unavailable, match="not converted yet"):
        open_encoder(copy, DEFAULT_MODEL)


def test_a_manifest_that_names_other_files_than_were_converted_is_refused(copy: Path) -> None:
    edit(copy, "53aa5117", "00000000")
    with pytest.raises(Unavailable, match="converted from other files"):
        open_encoder(copy, DEFAULT_MODEL)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"vocab.txt"', '"../vocab.txt"', "outside the model's folder"),
        ('"vocab.txt"', '"/etc/passwd"', "outside the model's folder"),
        ('"model.safetensors"', '"pytorch_model.bin"', "run code"),
        ('"model.safetensors"', '"model.pkl"', "run code"),
        ('"vocab.txt"', '"modeling.py"', "run code"),
        ("dimension = 384", 'dimension = "many"', "cannot be read"),
        ("dimension = 384", "dimension = ", "cannot be read"),
        ('pooling = "mean"', 'pooling = "mean"\nextra = 1', "cannot be read"),
        (f'name = "{DEFAULT_MODEL}"', 'name = "other"', "names another model"),
    ],
)
def test_a_manifest_that_breaks_the_rules_is_refused(copy: Path, old: str, new: str, said: str) -> None:
    edit(copy, old, new)
    with pytest.raises(Unavailable, match=said):
        read_manifest(copy, DEFAULT_MODEL)


def test_a_file_that_links_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("x")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "linked").symlink_to(outside)
    with pytest.raises(Unavailable, match="leads out of"):
        check_file(tmp_path / "model", "linked", sha256_of(outside))


def test_an_altered_source_is_not_converted(tmp_path: Path) -> None:
    manifest = read_manifest(MODELS, DEFAULT_MODEL)
    altered = msgspec.structs.replace(manifest, files={**manifest.files, "vocab.txt": "0" * 64})
    with pytest.raises(Unavailable, match=r"vocab\.txt is altered"):
        ensure(tmp_path, altered)
    assert list(tmp_path.iterdir()) == []


def test_a_package_that_is_not_installed_is_said(tmp_path: Path) -> None:
    manifest = read_manifest(MODELS, DEFAULT_MODEL)
    source = msgspec.structs.replace(manifest.source, place="no_such_package")
    with pytest.raises(Unavailable, match="no_such_package"):
        stage(tmp_path, msgspec.structs.replace(manifest, source=source), tmp_path)


def test_the_packaged_weights_are_the_published_ones(models: Path) -> None:
    manifest = read_manifest(models, DEFAULT_MODEL)
    check_source(models, manifest)
    assert manifest.files["model.safetensors"] == "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def test_a_converted_model_is_not_converted_again(models: Path) -> None:
    before = (models / DEFAULT_MODEL / RECORD).stat().st_mtime_ns
    record = ensure(models, read_manifest(models, DEFAULT_MODEL))
    assert (models / DEFAULT_MODEL / RECORD).stat().st_mtime_ns == before
    assert record == read_record(models, read_manifest(models, DEFAULT_MODEL))
    assert min(line.cosine_min for line in record.fidelity) >= 0.9999


@pytest.mark.parametrize("change", [{"prefix": "query: "}, {"max_tokens": 128}, {"pooling": "cls"}, {"files": {}}])
def test_what_changes_a_vector_changes_the_revision(change: dict[str, object]) -> None:
    manifest = read_manifest(MODELS, DEFAULT_MODEL)
    assert msgspec.structs.replace(manifest, **change).revision != manifest.revision
