"""Faults are tried on both kinds of database."""

from tests.databases import database, postgresql

__all__ = ["database", "postgresql"]
