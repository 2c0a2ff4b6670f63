"""How a suggestion was made, as data that is stored with it: another configuration is another model."""

import hashlib

import msgspec

from service.suggestion.texts import TextKind


class Configuration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Weights of the kinds of text.

    ``speaks_for`` weighs the similarities that raise a code, and is scaled to the kinds that the code has. ``speaks_against`` weighs by how
    much an exclude-when or counter-example is nearer to the excerpt than what speaks for the code; it lowers, and only then.
    """

    speaks_for: dict[TextKind, float]
    speaks_against: dict[TextKind, float]

    def digest(self) -> str:
        """Sha256 of the configuration, the same for equal ones."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()


FIXED = Configuration(
    speaks_for={TextKind.NAME: 1.0, TextKind.DEFINITION: 2.0, TextKind.INCLUDE_WHEN: 1.0, TextKind.EXAMPLE: 1.0, TextKind.RESOLVED: 2.0},
    speaks_against={TextKind.EXCLUDE_WHEN: 0.5, TextKind.COUNTER_EXAMPLE: 0.5},
)
"""Where nothing was fitted: the definition counts most, and examples as much as the text that says when to include."""
