"""What is written about the project is true: its documents name what is there, and only that."""

import ast
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import fields
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

import service
from service.app import create_app
from service.errors import Refusal
from service.settings import PREFIX, Settings
from service.web.problems import PROBLEMS

ROOT = Path(__file__).parent.parent
METHODS = {"get", "post", "put", "patch", "delete"}
LONGEST = 350
# A file over the limit that still holds one idea, and which idea that is.
LONGER = {
    "service/store/migrations/versions/0001_the_first_schema.py": "a migration is one list of the tables as they were that day",
    "service/store/tables.py": "the schema is one list of tables",
}
# What checks without the word assert: the test clients of HTTP schemas and browsers, and hypothesis's state machines.
CHECKS = {"raises", "warns", "expect", "call_and_validate", "validate_response", "run_state_machine_as_test"}


def test_the_contents_page_lists_the_rooms_in_the_order_of_their_layers() -> None:
    contents = [line.split()[0] for line in (service.__doc__ or "").splitlines()[2:] if line.strip()]
    assert contents == layers()
    assert sorted(contents) == sorted(path.stem for path in room_paths())


def test_every_setting_is_documented_and_no_other() -> None:
    documented = set(re.findall(rf"`({PREFIX}[A-Z_]+)`", page("docs/settings.md")))
    assert documented == {PREFIX + setting.name.upper() for setting in fields(Settings)}


def test_every_operation_is_documented_and_no_other(tmp_path: Path) -> None:
    documented = set(re.findall(r"\b((?:GET|POST|PUT|PATCH|DELETE) /[^\s`|?]*)", page("docs/api.md")))
    assert documented == operations(tmp_path)


def test_every_benchmark_is_documented_and_no_other() -> None:
    documented = set(re.findall(r"(?<!/)\b(\w+\.py)\b", page("benchmarks/README.md")))
    assert documented == {path.name for path in (ROOT / "benchmarks").glob("*.py") if path.name != "__init__.py"}


def test_the_layout_in_the_readme_is_the_tree() -> None:
    block = page("README.md").partition("## Layout")[2].split("```")[1]
    listed = {line.split()[0] for line in block.splitlines()[1:] if line.strip()}
    folders = {f"{path.name}/" for path in ROOT.iterdir() if path.is_dir() and not ignored(path.name)}
    assert {name for name in listed if name.endswith("/")} == folders | {f"service/{path.name}/" for path in room_paths() if path.is_dir()}
    assert {name for name in listed if not (ROOT / name).exists()} == set()


def test_every_page_and_every_target_that_is_named_exists() -> None:
    pages = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "compose.yaml", *(ROOT / "docs").glob("*.md")]
    named = "\n".join(path.read_text() for path in pages)
    assert [path for path in sorted(set(re.findall(r"\bdocs/[\w/-]+\.\w+", named))) if not (ROOT / path).exists()] == []
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", named, re.MULTILINE)) <= set(re.findall(r"^([a-z]+):", page("Makefile"), re.MULTILINE))


def test_every_refusal_has_its_problem() -> None:
    assert set(PROBLEMS) == set(kinds(Refusal))


def test_no_file_is_too_long() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in (ROOT / "service").rglob("*.py")}
    assert {path for path, lines in lengths.items() if lines > LONGEST} == set(LONGER)


@pytest.mark.parametrize("path", sorted((ROOT / "tests").rglob("test_*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_test_can_fail(path: Path) -> None:
    functions = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    checking = checking_names(functions)
    assert [function.name for function in functions if function.name.startswith("test_") and function.name not in checking] == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_the_locks_hold_what_the_project_asks_for(name: str) -> None:
    pinned = pins(name)
    missing = [str(wanted) for wanted in map(Requirement, asked_for(name)) if not any(map(wanted.specifier.contains, pinned[wanted.name]))]
    assert missing == []
    assert pins("requirements.lock").items() <= pinned.items()


def page(name: str) -> str:
    return (ROOT / name).read_text()


def room_paths() -> list[Path]:
    paths = [path for path in (ROOT / "service").iterdir() if path.suffix == ".py" or any(path.glob("*.py"))]
    return [path for path in paths if path.name != "__init__.py"]


def layers() -> list[str]:
    contracts: list[dict[str, Any]] = tomllib.loads(page("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    [declared] = [contract["layers"] for contract in contracts if contract["id"] == "layers"]
    return re.findall(r"\w+", " ".join(declared))


def asked_for(lock: str) -> list[str]:
    project: dict[str, Any] = tomllib.loads(page("pyproject.toml"))
    return project["project"]["dependencies"] + (project["dependency-groups"]["dev"] if "dev" in lock else [])


def pins(lock: str) -> defaultdict[str, set[str]]:
    pinned: defaultdict[str, set[str]] = defaultdict(set)
    for name, version in re.findall(r"^([\w.-]+)==(\S+)", page(lock), re.MULTILINE):
        pinned[name].add(version)
    return pinned


def ignored(name: str) -> bool:
    patterns = [line.strip("/") for line in page(".gitignore").splitlines()]
    return name.startswith(".") or any(fnmatch(name, pattern) for pattern in patterns)


def operations(data: Path) -> set[str]:
    app = create_app(Settings(data_dir=data))
    schema: dict[str, Any] = app.litestar.openapi_schema.to_schema()
    app.store.close()
    return {f"{method.upper()} {path}" for path, item in schema["paths"].items() for method in METHODS & item.keys()}


def kinds(refusal: type[Refusal]) -> Iterator[type[Refusal]]:
    """Yield the kinds that the service itself declares, down to the last."""
    for kind in refusal.__subclasses__():
        if kind.__module__.startswith("service."):
            yield kind
        yield from kinds(kind)


def checking_names(functions: Iterable[ast.FunctionDef | ast.AsyncFunctionDef]) -> set[str]:
    """Name the functions of a file that check something themselves or through another function of the file."""
    calls = {function.name: called_names(function) for function in functions}
    checking = CHECKS | {function.name for function in functions if any(isinstance(node, ast.Assert) for node in ast.walk(function))}
    while grown := {name for name, called in calls.items() if called & checking} - checking:
        checking |= grown
    return checking


def called_names(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    called = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
    return {name.attr if isinstance(name, ast.Attribute) else name.id for name in called if isinstance(name, ast.Attribute | ast.Name)}
