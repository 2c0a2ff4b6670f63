"""The command line as its user meets it: a process with arguments, output, exit code."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from service.coding.model import RoundState
from service.demo.seeding import ensure_demo
from service.report.proof import write_proof
from service.store import Store
from tests.installation import KEY, MODELS, Installation
from tests.store.scene import TEXTS, Scene

COMMANDS = (
    *("demo", "init", "serve", "import", "import-codings", "export", "agree", "verify", "token"),
    *("check-store", "retention", "backup", "restore"),
)

Run = Callable[..., subprocess.CompletedProcess[str]]

ARTSTEIN_POESIO_TABLE_1 = [("STAT", "STAT", 20), ("STAT", "IREQ", 20), ("IREQ", "STAT", 10), ("IREQ", "IREQ", 50)]
"""Artstein & Poesio (2008), table 1: two coders of 100 utterances."""


@pytest.fixture
def intercoder(tmp_path: Path) -> Run:
    """Give the command, with its data in a folder of this test."""

    def run(*arguments: object, environ: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        settings = {"INTERCODER_DATA_DIR": str(tmp_path / "data"), "INTERCODER_SECRET_KEY": KEY, "INTERCODER_MODELS_DIR": str(MODELS)}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("INTERCODER_")}
        command = [sys.executable, "-m", "service.cli", *map(str, arguments)]
        return subprocess.run(command, env=kept | settings | (environ or {}), capture_output=True, text=True, check=False, timeout=120)

    return run


def test_help_names_every_command_and_a_start(intercoder: Run) -> None:
    printed = intercoder("--help").stdout
    assert all(name in printed for name in COMMANDS)
    assert "Start with intercoder demo" in printed


@pytest.mark.parametrize("command", [*COMMANDS, "token create"])
def test_every_command_has_help_without_any_settings(intercoder: Run, command: str) -> None:
    done = intercoder(*command.split(), "--help", environ={"INTERCODER_TYPING_SLIP": "1"})
    assert done.returncode == 0
    assert "Usage: intercoder" in done.stdout.replace("python -m service.cli", "intercoder")


def test_agree_gives_the_published_kappa_of_artstein_and_poesio(intercoder: Run, tmp_path: Path) -> None:
    file = _long(tmp_path, [(one, other) for one, other, count in ARTSTEIN_POESIO_TABLE_1 for _ in range(count)])
    found = json.loads(intercoder("agree", file, "--metric", "nominal", "--json").stdout)
    assert found[0]["pairs"][0]["kappa"]["value"] == pytest.approx(0.348, abs=5e-4)
    assert found[0]["percent"]["value"] == pytest.approx(0.7)


def test_agree_says_why_there_is_no_figure(intercoder: Run, tmp_path: Path) -> None:
    done = intercoder("agree", _long(tmp_path, [("a", "a")] * 5), "--metric", "nominal")
    assert done.returncode == 0
    assert "everyone gave the same code everywhere" in done.stdout


def test_agree_takes_schemes_and_orders_from_a_codebook(intercoder: Run, tmp_path: Path) -> None:
    # low 3, middle 2, high 3: by hand in tests/report. By the alphabet, high would come first.
    file = _long(tmp_path, [("low", "low"), ("low", "middle"), ("high", "high"), ("middle", "high")])
    codebook = tmp_path / "codebook.csv"
    codebook.write_text("scheme,code\nordered_value,low\nordered_value,middle\nordered_value,high\n")
    found = json.loads(intercoder("agree", file, "--profile", "standard-1", "--codebook", codebook, "--json").stdout)
    assert (found[0]["metric"], found[0]["alpha"]["value"]) == ("ordinal", pytest.approx(1 - 3.125 / (600 / 56)))
    missing = intercoder("agree", file, "--profile", "standard-1", "--codebook", _other(tmp_path))
    assert (missing.returncode, "The codebook has no variable code" in missing.stderr) == (1, True)


def test_agree_compares_spans_with_the_texts_lengths(intercoder: Run, tmp_path: Path) -> None:
    # Two texts of 10 characters. u1: both [0, 4) who. u2: a [0, 4) who, b [2, 6) who: 4 of 20 characters differ.
    rows = ["u1,a,who,0,4", "u1,b,who,0,4", "u2,a,who,0,4", "u2,b,who,2,6"]
    files = {
        "codings.csv": "unit,coder,code,start,end\n" + "\n".join(rows),
        "codebook.csv": "scheme,code\nspans,who\nspans,what\n",
        "excerpts.csv": "excerpt,document,start,end\nu1,d,0,10\nu2,d,20,30\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    ask = ("agree", tmp_path / "codings.csv", "--codebook", tmp_path / "codebook.csv", "--profile", "standard-1")
    [found] = json.loads(intercoder(*ask, "--excerpts", tmp_path / "excerpts.csv", "--json").stdout)
    assert found["alpha"]["observed"] == pytest.approx(4 / 20)
    assert [code["spans"] for code in found["marked"]["codes"]] == [4, 0]
    assert "alpha of who" in intercoder(*ask, "--excerpts", tmp_path / "excerpts.csv").stdout
    missing = intercoder(*ask)
    assert (missing.returncode, "needs --excerpts" in missing.stderr) == (1, True)
    (tmp_path / "codings.csv").write_text(files["codings.csv"].replace("2,6", "2,60"))
    beyond = intercoder(*ask, "--excerpts", tmp_path / "excerpts.csv")
    assert (beyond.returncode, "codings.csv, row 5" in beyond.stderr) == (1, True)


def test_earlier_codings_are_brought_in_from_the_command_line(intercoder: Run, tmp_path: Path) -> None:
    installation = Installation(tmp_path / "data")
    scene = Scene.in_store(installation.store)
    round_id = scene.open()
    file = tmp_path / "old.csv"
    file.write_text(f"text,variable,code\n{TEXTS[0]},theme,hope\n{TEXTS[1]},theme,\n")
    undeclared = intercoder("import-codings", round_id, file, "--coder", "coder0")
    assert undeclared.returncode != 0
    done = intercoder("import-codings", round_id, file, "--coder", "coder0", "--declared-blind")
    assert (done.returncode, done.stdout.strip()) == (0, "2 codings brought in as coder0's; sealed until the close, printed as imported.")
    again = intercoder("import-codings", round_id, file, "--coder", "coder0", "--declared-blind")
    assert (again.returncode, "old.csv, row 2" in again.stderr) == (1, True)
    installation.store.close()


def test_agree_needs_a_metric(intercoder: Run, tmp_path: Path) -> None:
    done = intercoder("agree", _long(tmp_path, [("a", "b")]))
    assert done.returncode == 1
    assert "--metric" in done.stderr
    assert "--profile" in done.stderr


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("unit,coder\n1,a\n", "code"),
        ("unit,coder,code\n1,a,x\n1,a,x\n", "row"),
        ("", "empty"),
    ],
    ids=["no code column", "the same coding twice", "empty file"],
)
def test_agree_refuses_a_bad_file_in_one_line(intercoder: Run, tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "codings.csv"
    file.write_text(text)
    done = intercoder("agree", file, "--metric", "nominal")
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "codings.csv" in done.stderr
    assert says in done.stderr


def test_a_misspelt_setting_is_an_error_that_names_the_known_ones(intercoder: Run) -> None:
    done = intercoder("check-store", environ={"INTERCODER_DATABSE_URL": "x"})
    assert done.returncode == 1
    assert "INTERCODER_DATABSE_URL" in done.stderr
    assert "INTERCODER_DATABASE_URL" in done.stderr


def test_init_makes_an_installation_and_its_set_up_link_and_can_be_run_again(intercoder: Run, tmp_path: Path) -> None:
    first, second = intercoder("init"), intercoder("init")
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert "/links/" in first.stdout
    assert "/links/" in second.stdout
    assert (tmp_path / "data/intercoder.sqlite").exists()
    assert intercoder("check-store").returncode == 0


def test_check_store_names_what_is_wrong(intercoder: Run, tmp_path: Path) -> None:
    installation = Installation(tmp_path / "data")
    with installation.store.engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.exec_driver_sql("DROP TRIGGER keep_codings_update")
    installation.store.close()
    done = intercoder("check-store")
    assert done.returncode == 1
    assert "keep_codings_update" in done.stderr


def test_a_database_of_a_newer_version_is_refused_in_one_line(intercoder: Run, tmp_path: Path) -> None:
    installation = Installation(tmp_path / "data")
    with installation.store.engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    installation.store.close()
    for command in (["init"], ["serve"]):
        done = intercoder(*command)
        assert done.returncode == 1
        assert len(done.stderr.strip().splitlines()) == 1
        assert "newer version" in done.stderr


@pytest.mark.parametrize(("version", "advice"), [(None, "no database yet"), ("0001", "this version needs"), ("9999", "newer version")])
@pytest.mark.parametrize("command", ["import notes.txt --study Notes --lead lea", "embed", "retention", "export Round ."])
def test_a_database_of_no_or_another_version_is_refused_with_what_to_do(
    intercoder: Run, tmp_path: Path, version: str | None, advice: str, command: str
) -> None:
    (tmp_path / "notes.txt").write_text("One paragraph.")
    if version is not None:
        installation = Installation(tmp_path / "data")
        with installation.store.engine.connect().execution_options(writes=True) as connection, connection.begin():
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = ?", (version,))
        installation.store.close()
    done = intercoder(*(str(tmp_path / word) if word == "notes.txt" else word for word in command.split()))
    assert done.returncode == 1
    assert advice in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_import_takes_documents_and_codebook_once(intercoder: Run, tmp_path: Path) -> None:
    Installation(tmp_path / "data").store.close()
    notes, codes = tmp_path / "notes.txt", tmp_path / "codes.csv"
    notes.write_text("One paragraph.\n\nAnother one 😀.")
    codes.write_text("code,definition\ngood,what is good\nbad,what is bad\n")
    assert "2 excerpts added" in intercoder("import", notes, "--study", "Notes", "--lead", "lea").stdout
    assert "1 there already and unchanged" in intercoder("import", notes, "--study", "Notes").stdout
    assert "revision 1" in intercoder("import", codes, "--study", "Notes", "--codebook").stdout
    assert "nothing changed" in intercoder("import", codes, "--study", "Notes", "--codebook").stdout
    refused = intercoder("import", notes, "--study", "Other")
    assert refused.returncode == 1
    assert "--lead" in refused.stderr


def test_export_is_refused_while_the_round_is_open_except_of_ones_own(intercoder: Run, tmp_path: Path) -> None:
    store = _with_demo(tmp_path)
    refused = intercoder("export", "Round 2 (yours to try)", tmp_path / "out")
    assert refused.returncode == 1
    assert "sealed until it closes" in refused.stderr
    assert not (tmp_path / "out").exists()
    assert intercoder("export", "Round 2 (yours to try)", tmp_path / "own", "--coder", "demo-coder-1").returncode == 0
    assert sorted(path.name for path in (tmp_path / "own").iterdir()) == ["codebook.json", "codings.csv", "excerpts.csv"]
    store.close()


def test_an_exported_round_gives_the_same_alpha_offline(intercoder: Run, tmp_path: Path) -> None:
    _with_demo(tmp_path).close()
    assert intercoder("export", "Round 1 (simulated coders)", tmp_path / "out").returncode == 0
    inside = json.loads((tmp_path / "out/agreement.json").read_text())
    offline = json.loads(intercoder("agree", tmp_path / "out/codings.csv", "--metric", "nominal", "--json").stdout)
    assert offline[0]["alpha"]["value"] == inside["agreement"]["variables"][0]["alpha"]["value"]
    assert inside["provenance"] == ["simulated"]


def test_an_exported_proof_is_verified_without_the_installation(intercoder: Run, tmp_path: Path) -> None:
    _with_demo(tmp_path).close()
    assert intercoder("export", "Round 1 (simulated coders)", tmp_path / "out", "--proof").returncode == 0
    elsewhere = {"INTERCODER_DATA_DIR": str(tmp_path / "nothing here")}
    done = intercoder("verify", tmp_path / "out/proof.zip", environ=elsewhere)
    assert done.returncode == 0, done.stderr
    assert "equal bit for bit" in done.stdout
    assert done.stdout.splitlines()[-1] == "The proof holds."
    assert not (tmp_path / "nothing here").exists()


def test_verify_names_the_first_break_in_one_line(intercoder: Run, tmp_path: Path) -> None:
    store = _with_demo(tmp_path)
    with store.reading() as tx:
        [round_] = [one for study in tx.corpus.every_study() for one in tx.rounds.of_study(study.id) if one.state is RoundState.CLOSED]
        proof = tx.proofs.of(round_)
        receipt = tx.proofs.receipt(round_, round_.coders[0])
    store.close()
    file, kept = tmp_path / "proof.zip", tmp_path / "receipt.json"
    kept.write_bytes(msgspec.json.encode(msgspec.structs.replace(receipt, head="0" * 64)))
    file.write_bytes(write_proof(proof))
    assert intercoder("verify", file, "--receipt", kept).returncode == 1
    last = proof.ledger[-1]
    file.write_bytes(write_proof(msgspec.structs.replace(proof, ledger=[*proof.ledger[:-1], msgspec.structs.replace(last, at="x")])))
    done = intercoder("verify", file)
    assert done.returncode == 1
    assert "The proof holds" not in done.stdout
    assert re.fullmatch(rf"intercoder: Broken at the chain of .+, entry {last.sequence}: .+\n", done.stderr)


def test_a_backup_is_restored_into_an_empty_folder_only(intercoder: Run, tmp_path: Path) -> None:
    _with_demo(tmp_path).close()
    made = intercoder("backup", tmp_path / "b.zip")
    assert "acknowledged before" in made.stdout, made.stderr
    assert intercoder("backup", tmp_path / "b.zip").returncode == 1
    assert "database already" in intercoder("restore", tmp_path / "b.zip").stderr
    elsewhere = {"INTERCODER_DATA_DIR": str(tmp_path / "restored")}
    assert intercoder("restore", tmp_path / "b.zip", environ=elsewhere).returncode == 0
    assert intercoder("check-store", environ=elsewhere).returncode == 0
    name = "Round 1 (simulated coders)"
    for folder, environ in (("here", {}), ("there", elsewhere)):
        assert intercoder("export", name, tmp_path / folder, environ=environ).returncode == 0
    assert (tmp_path / "here/agreement.json").read_bytes() == (tmp_path / "there/agreement.json").read_bytes()


def test_tokens_are_made_listed_and_revoked(intercoder: Run, tmp_path: Path) -> None:
    _with_demo(tmp_path).close()
    secret = intercoder("token", "create", "--login", "demo-lead", "--scope", "suggest", "--scope", "manage").stdout.strip()
    assert secret.startswith("ic_")
    line = intercoder("token", "list", "--login", "demo-lead").stdout
    assert secret not in line
    assert "manage suggest" in line
    assert intercoder("token", "revoke", "--login", "demo-lead", line.split()[0]).returncode == 0
    assert "revoked" in intercoder("token", "list", "--login", "demo-lead").stdout
    refused = intercoder("token", "create", "--login", "demo-lead", "--scope", "code", "--machine")
    assert refused.returncode == 1
    assert "--study" in refused.stderr


def test_the_demo_study_can_be_deleted(intercoder: Run, tmp_path: Path) -> None:
    _with_demo(tmp_path).close()
    assert "deleted" in intercoder("demo", "--delete").stdout
    assert "no demo study" in intercoder("demo", "--delete").stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--host", "::"], "without TLS"),
        (["--public-url", "http://coding.example.org"], "without TLS"),
        (["--public-url", "coding.example.org"], "https://coding.example.org"),
        (["--certificate", __file__], "both --certificate and --key"),
    ],
)
def test_serve_refuses_an_address_that_others_reach_without_tls(intercoder: Run, arguments: list[str], says: str) -> None:
    done = intercoder("serve", *arguments)
    assert done.returncode == 1
    assert says in done.stderr


def _other(folder: Path) -> Path:
    file = folder / "other.csv"
    file.write_text("variable,code\nmood,low\n")
    return file


def _long(folder: Path, pairs: list[tuple[str, str]]) -> Path:
    file = folder / "codings.csv"
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["unit", "coder", "code"])
    for unit, pair in enumerate(pairs):
        writer.writerows([unit, coder, code] for coder, code in zip("ab", pair, strict=True))
    file.write_text(out.getvalue())
    return file


def _with_demo(folder: Path) -> Store:
    store = Installation(folder / "data").store
    ensure_demo(store)
    return store
