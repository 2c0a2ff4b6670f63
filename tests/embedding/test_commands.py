"""``intercoder models``: a model of one's own is added, converted, verified, used and removed."""

import json
import shutil
from pathlib import Path

import msgspec
import pytest

from service.embedding import DEFAULT_MODEL, open_encoder, read_manifest
from service.embedding.commands import (
    add_folder,
    convert_model,
    list_models,
    remove_model,
    verify_model,
)
from service.embedding.inspection import Told, as_toml
from service.embedding.manifest import LongTexts, Runtime
from service.errors import BadInput, Conflict, Unavailable
from tests.embedding.command_line import intercoder

TOLD = Told(name="tiny", licence="GPL-3.0-or-later", languages=("en",))


def test_a_folder_is_added_converted_verified_used_and_removed(tiny: Path, tmp_path: Path) -> None:
    manifest = add_folder(tmp_path, tiny, TOLD)
    assert (manifest.dimension, manifest.max_tokens, manifest.pooling) == (32, 64, "cls")
    assert [(line.name, line.state) for line in list_models(tmp_path)] == [
        ("tiny", "The model tiny is not converted yet. Run `intercoder models convert tiny`.")
    ]
    record = convert_model(tmp_path, "tiny")
    assert min(line.cosine_min for line in record.fidelity) >= 0.9999
    assert [line.state for line in list_models(tmp_path)] == ["ready"]
    assert verify_model(tmp_path, "tiny") == manifest
    assert open_encoder(tmp_path, "tiny").encode(["a", "b"]).shape == (2, 32)
    remove_model(tmp_path, "tiny")
    assert list(tmp_path.iterdir()) == []
    assert (tiny / "model.safetensors").is_file()


def test_a_model_in_windows_is_measured_by_what_the_reference_reads_too(tiny: Path, tmp_path: Path) -> None:
    """It was told to be .968 of the published model, which cuts long texts, where the windows had read other words."""
    for name, long_texts in (("cut", LongTexts.CUT), ("windows", LongTexts.WINDOWS)):
        add_folder(tmp_path, tiny, msgspec.structs.replace(TOLD, name=name, long_texts=long_texts))
    windows, cut = (
        [(one.runtime, one.cosine_mean, one.cosine_min) for one in convert_model(tmp_path, name).fidelity] for name in ("windows", "cut")
    )
    assert windows == cut


def test_a_model_may_run_on_sentence_transformers(tiny: Path, tmp_path: Path) -> None:
    add_folder(tmp_path, tiny, msgspec.structs.replace(TOLD, runtime=Runtime.SENTENCE_TRANSFORMERS))
    encoder = open_encoder(tmp_path, "tiny")
    assert encoder.identity.runtime.startswith("sentence-transformers")
    assert encoder.encode(["a"]).shape == (1, 32)
    assert encoder.encode([]).shape == (0, 32)
    assert encoder.embed([]).tokens.shape == (0,)


def test_a_prefix_is_put_before_each_text(tiny: Path, tmp_path: Path) -> None:
    with_prefix = msgspec.structs.replace(TOLD, name="prefixed", prefix="query: ", runtime=Runtime.SENTENCE_TRANSFORMERS)
    add_folder(tmp_path, tiny, with_prefix)
    add_folder(tmp_path, tiny, msgspec.structs.replace(TOLD, runtime=Runtime.SENTENCE_TRANSFORMERS))
    ours = open_encoder(tmp_path, "prefixed").encode(["a text"])
    assert ours == pytest.approx(open_encoder(tmp_path, "tiny").encode(["query: a text"]), abs=1e-6)


@pytest.mark.parametrize("gone", ["modules.json", "tokenizer.json"])
def test_a_folder_that_is_no_model_is_refused(tiny: Path, tmp_path: Path, gone: str) -> None:
    shutil.copytree(tiny, tmp_path / "folder")
    (tmp_path / "folder" / gone).unlink()
    with pytest.raises(BadInput, match="no sentence-transformers model"):
        add_folder(tmp_path, tmp_path / "folder", TOLD)


def test_a_folder_with_a_broken_configuration_is_refused(tiny: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny, tmp_path / "folder")
    (tmp_path / "folder" / "config.json").write_text("{")
    with pytest.raises(BadInput, match=r"config\.json cannot be read"):
        add_folder(tmp_path, tmp_path / "folder", TOLD)


def test_a_name_that_is_taken_is_refused(tiny: Path, tmp_path: Path) -> None:
    add_folder(tmp_path, tiny, TOLD)
    with pytest.raises(Conflict, match="already a model named 'tiny'"):
        add_folder(tmp_path, tiny, TOLD)


@pytest.mark.parametrize("name", ["", "..", "a/b"])
def test_a_name_that_leads_elsewhere_is_refused(tiny: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="name"):
        add_folder(tmp_path, tiny, msgspec.structs.replace(TOLD, name=name))
    assert list(tmp_path.iterdir()) == []


def test_a_broken_manifest_is_listed_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("name = 1")
    [line] = list_models(tmp_path)
    assert line.name == "broken"
    assert "cannot be read" in line.state


def test_the_default_model_stays(models: Path) -> None:
    with pytest.raises(Conflict, match="stays"):
        remove_model(models, DEFAULT_MODEL)
    assert verify_model(models, DEFAULT_MODEL).name == DEFAULT_MODEL


def test_what_is_not_there_is_not_removed(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no model named"):
        remove_model(tmp_path, "nothing")


def test_a_manifest_survives_its_file(models: Path, tmp_path: Path) -> None:
    manifest = msgspec.structs.replace(read_manifest(models, DEFAULT_MODEL), name="strange", prefix='say "x"\\\n\x7f\u2028: ')
    (tmp_path / "strange.toml").write_text(as_toml(manifest), encoding="utf-8")
    assert read_manifest(tmp_path, "strange") == manifest


def test_the_command_line_adds_converts_verifies_lists_and_removes(tiny: Path, tmp_path: Path) -> None:
    added = intercoder(tmp_path, "models", "add", "tiny", "--folder", tiny, "--licence", "GPL-3.0-or-later", "--language", "en")
    assert added.stdout.startswith("Added tiny, revision ")
    assert "intercoder models convert tiny" in added.stdout
    assert "is not converted yet" in intercoder(tmp_path, "models", "list").stdout
    converted = intercoder(tmp_path, "models", "convert", "tiny").stdout
    assert "cosine to the published model at least 0.9999" in converted
    assert "packed: does not run this model. Its widths (32, 64, heads of 16)" in converted
    assert "every file is as its manifest says" in intercoder(tmp_path, "models", "verify").stdout
    [listed] = json.loads(intercoder(tmp_path, "models", "list", "--json").stdout)
    assert (listed["name"], listed["state"], listed["dimension"]) == ("tiny", "ready", 32)
    (tmp_path / "tiny" / "tokenizer.json").write_text("{}")
    altered = intercoder(tmp_path, "models", "verify", "tiny")
    assert altered.returncode == 1
    assert "tokenizer.json is altered" in altered.stderr
    assert intercoder(tmp_path, "models", "remove", "tiny").stdout == "Removed tiny.\n"
    assert intercoder(tmp_path, "models", "verify", "tiny").returncode == 1


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ((), "one of --folder, --hub and --server"),
        (("--hub", "some/one", "--server", "http://127.0.0.1:9/v1"), "one of --folder, --hub and --server"),
        (("--server", "http://127.0.0.1:9/v1", "--dimension", "8"), "--max-tokens"),
        (("--server", "http://127.0.0.1:9/v1", "--max-tokens", "8"), "does not answer"),
        (("--server", "http://127.0.0.1:9/v1", "--max-tokens", "8", "--dimension", "8", "--long-texts", "windows"), "tokenizer"),
        (("--server", "file:///etc/passwd", "--max-tokens", "8", "--dimension", "8"), "no http address"),
        (("--server", "http://me:sesame@127.0.0.1/v1", "--max-tokens", "8", "--dimension", "8"), "INTERCODER_MODEL_SERVER_KEY"),
    ],
)
def test_a_model_comes_from_exactly_one_place(place: tuple[str, ...], reason: str, tmp_path: Path) -> None:
    done = intercoder(tmp_path, "models", "add", "one", *place, "--licence", "MIT", "--language", "en")
    assert done.returncode == 1
    assert reason in done.stderr
    assert "sesame" not in done.stderr
    assert list(tmp_path.glob("*.toml")) == []


def test_a_server_is_added_with_what_is_said_of_it(tmp_path: Path) -> None:
    said = ("--server", "http://127.0.0.1:9/v1", "--upstream", "their-name", "--dimension", 8, "--max-tokens", 512)
    done = intercoder(tmp_path, "models", "add", "far", *said, "--licence", "MIT", "--language", "en", "--language", "de")
    assert done.returncode == 0, done.stderr
    manifest = read_manifest(tmp_path, "far")
    assert (manifest.runtime, manifest.dimension, manifest.max_tokens, manifest.languages) == (Runtime.SERVER, 8, 512, ("en", "de"))
    assert (manifest.source.place, manifest.source.upstream) == ("http://127.0.0.1:9/v1", "their-name")
