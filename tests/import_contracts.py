"""Two contracts that import-linter lacks. Its own are blind to a package nobody listed, and refuse one nobody imports yet."""

import sys
from collections.abc import Iterable
from typing import cast

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output
from importlinter.domain.imports import Module


class ImportsOnly(Contract):
    """``importers`` import each other, the standard library and what ``allowed`` names, and nothing else."""

    importers = fields.ListField(subfield=fields.ModuleField())
    allowed = fields.ListField(subfield=fields.ModuleField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002 - the signature of the base class
        """List the imports that lead out of the importers to something that is not allowed."""
        inside = _within(graph, self.importers)
        allowed = inside | _names(self.allowed) | sys.stdlib_module_names
        return _verdict(f"{module} -> {found}" for module in inside for found in graph.find_modules_directly_imported_by(module) - allowed)

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print one line for each stray import."""
        _print_strays(check)


class KnownOnlyTo(Contract):
    """Only ``rooms`` import the outside ``packages``; a package that is not imported at all keeps the contract."""

    packages = fields.ListField(subfield=fields.ModuleField())
    rooms = fields.ListField(subfield=fields.ModuleField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002 - the signature of the base class
        """List the imports of the packages that stand outside the rooms."""
        rooms = _within(graph, self.rooms)
        packages = _names(self.packages) & graph.modules
        return _verdict(f"{module} -> {found}" for found in packages for module in graph.find_modules_that_directly_import(found) - rooms)

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print one line for each stray import."""
        _print_strays(check)


def _names(field: object) -> set[str]:
    # A field descriptor holds the parsed list at run time, which its type does not say.
    return {module.name for module in cast("list[Module]", field)}


def _within(graph: ImportGraph, field: object) -> set[str]:
    present = _names(field) & graph.modules
    return present.union(*(graph.find_descendants(name) for name in present))


def _verdict(strays: Iterable[str]) -> ContractCheck:
    found = sorted(strays)
    return ContractCheck(kept=not found, metadata={"strays": found})


def _print_strays(check: ContractCheck) -> None:
    for stray in cast("list[str]", check.metadata["strays"]):
        output.print_error(stray)
