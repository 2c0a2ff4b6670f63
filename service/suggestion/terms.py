"""What a lead turned on for a study: which model on which server, what for, and what is taken out of a text before it leaves."""

import hashlib
from typing import Annotated

import msgspec

from service.suggestion.redaction import Redaction

ASKING = 1
"""Of how a question is worded and an answer read; another number is another configuration."""


class Parameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What pins a model's answers: another value is another model. ``samples`` above 1 is self-consistency and needs a temperature."""

    model: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] = 0.0
    seed: Annotated[int, msgspec.Meta(ge=0, le=2_147_483_647)] = 1
    samples: Annotated[int, msgspec.Meta(ge=1, le=20)] = 1
    max_tokens: Annotated[int, msgspec.Meta(ge=1, le=4_000)] = 400

    def digest(self) -> str:
        """Sha256 of the parameters."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()


class Terms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was turned on; ``server`` is the operator's name of the server whose address was ``base_url`` then."""

    server: str
    base_url: str
    purpose: str
    parameters: Parameters
    redaction: Redaction
    words: tuple[str, ...] = ()

    def digest(self) -> str:
        """Sha256 of everything that makes an answer; the purpose does not."""
        made = (ASKING, self.server, self.base_url, self.parameters, self.redaction, sorted(set(self.words)))
        return hashlib.sha256(msgspec.json.encode(made, order="sorted")).hexdigest()
