"""The one place where codings' assignments and the model's suggestions meet: codebook and vectors in, ranked codes out."""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

from service.codebook.model import Codebook, digest, validate
from service.embedding import EncoderService, Traffic, Vectors
from service.suggestion import FIXED, CodeIndex, Suggestion, build_index, texts_of
from service.web.identity import Principal

DEADLINE_S = 20.0
INDEXES = 64


class Suggesting:
    """Ranks codes for texts. Code indexes are kept for each principal, so that nobody's request warms another's."""

    def __init__(self, encoder: EncoderService) -> None:
        self.encoder = encoder
        self._indexes: OrderedDict[tuple[str, str, str], CodeIndex] = OrderedDict()
        self._lock = Lock()

    async def for_texts(self, who: Principal, codebook: Codebook, texts: Sequence[str], *, top: int) -> tuple[Suggestion, ...]:
        """Rank codes for texts sent with the request; a person's texts are embedded with that request's only."""
        index = await self.index(who, codebook)
        vectors = await self.encoder.encode(texts, traffic=_traffic(who), deadline=DEADLINE_S)
        return index.rank(vectors, top=top)

    async def for_vectors(self, who: Principal, codebook: Codebook, vectors: Vectors, *, top: int) -> tuple[Suggestion, ...]:
        """Rank codes for excerpts by their stored vectors, bit for bit the same each time."""
        return (await self.index(who, codebook)).rank(vectors, top=top)

    async def index(self, who: Principal, codebook: Codebook) -> CodeIndex:
        """Give a codebook's index, embedding the codes' texts the first time this principal asks."""
        texts = texts_of(validate(codebook), ())
        await self.encoder.encode([], traffic=_traffic(who), deadline=DEADLINE_S)  # waits until the model is loaded
        identity = self.encoder.identity()
        key = (who.key, digest(codebook), identity.revision)
        with self._lock:
            if (known := self._indexes.get(key)) is not None:
                self._indexes.move_to_end(key)
                return known
        vectors = await self.encoder.encode([text.text for text in texts], traffic=Traffic.PERSON, deadline=DEADLINE_S)
        made = build_index(codebook, texts, vectors, identity, FIXED)
        with self._lock:
            self._indexes[key] = made
            while len(self._indexes) > INDEXES:
                self._indexes.popitem(last=False)
        return made


def _traffic(who: Principal) -> Traffic:
    return Traffic.MACHINE if who.is_machine else Traffic.PERSON
