"""Each import contract, broken once on purpose: a contract that nothing can break guards nothing."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
OUTSIDE = {
    "http": ("litestar", "granian"),
    "sql": ("sqlalchemy", "alembic", "pysqlite3", "psycopg", "sqlite3"),
    "models": ("torch", "openvino", "sentence_transformers", "transformers", "tokenizers", "onnx", "onnxruntime"),
    "llm": ("pydantic_ai",),
    "hypothesis": ("hypothesis",),
}
BREACHES = [
    ("layers", "settings", "import service.corpus"),
    ("layers", "agreement", "from service import corpus"),
    ("layers", "corpus", "import service.codebook"),
    ("layers", "codebook", "import service.embedding"),
    ("layers", "embedding", "import service.exchange"),
    ("layers", "exchange", "import service.coding"),
    ("layers", "suggestion", "import service.coding"),
    ("layers", "coding", "import service.report"),
    ("layers", "report", "import service.store"),
    ("layers", "store", "import service.demo"),
    ("layers", "demo", "import service.web"),
    ("layers", "web", "import service.app"),
    ("layers", "app", "import service.leaktest"),
    ("layers", "leaktest", "import service.cli"),
    ("layers", "stray", ""),
    ("agreement-alone", "agreement", "import service.corpus"),
    ("agreement-alone", "agreement", "import httpx"),
    ("blind", "coding", "import service.suggestion"),
    ("blind", "coding", "import service.embedding"),
    ("blind", "exchange", "import service.embedding"),
    *((contract, "report", f"import {package}") for contract, packages in OUTSIDE.items() for package in packages),
    ("llm", "suggestion", "import pydantic_ai"),
    ("leak-test", "__main__", "import service.leaktest"),
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Copy what the contracts read: the package without its data, and their definition."""
    shutil.copytree(ROOT / "service", tmp_path / "service", ignore=_all_but_python)
    for needed in ("pyproject.toml", "tests/import_contracts.py"):
        (tmp_path / needed).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / needed, tmp_path / needed)
    return tmp_path


def test_the_tree_keeps_every_contract(tree: Path) -> None:
    kept = lint_imports(tree)
    assert kept.returncode == 0, kept.stdout


@pytest.mark.parametrize(("contract", "room", "line"), BREACHES, ids=[f"{contract}: {room}: {line}" for contract, room, line in BREACHES])
def test_a_breach_is_seen(tree: Path, contract: str, room: str, line: str) -> None:
    add_line(tree / "service" / room, line)
    if room == "exchange":
        # Coding may import exchange: what exchange reaches, coding reaches.
        add_line(tree / "service/coding", "import service.exchange.stray")
    broken = lint_imports(tree, "--contract", contract)
    assert "BROKEN" in broken.stdout
    assert room in broken.stdout.partition("Broken contracts")[2]
    assert broken.returncode == 1


def test_every_contract_is_broken_here() -> None:
    declared: list[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert {contract["id"] for contract in declared} == {contract for contract, _, _ in BREACHES}
    assert {contract["id"]: tuple(contract["packages"]) for contract in declared if "packages" in contract} == OUTSIDE


def add_line(room: Path, line: str) -> None:
    module = room.with_suffix(".py")
    if not module.exists():
        room.mkdir(exist_ok=True)
        (room / "__init__.py").touch()
        module = room / "stray.py"
    with module.open("a") as source:
        source.write(f"{line}\n")


def lint_imports(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache", *arguments]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)


def _all_but_python(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if (Path(folder) / name).is_file() and not name.endswith(".py")}
