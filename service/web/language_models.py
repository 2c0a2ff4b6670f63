"""Language models that leads may turn on: the servers that the operator named, and asking one of them for a study that has it on."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from time import monotonic

from service.codebook.model import validate
from service.corpus.model import StudyId
from service.errors import BadInput, Conflict, Unavailable
from service.settings import Settings
from service.store import Store
from service.store.language_models import Call
from service.store.snapshots import Snapshot
from service.suggestion import Suggestion
from service.suggestion.answering import suggestion_of
from service.suggestion.llm import Breaker, Budget, CallRow, LanguageModel, Outcome
from service.suggestion.prompting import LONGEST_EXCERPT
from service.suggestion.redaction import redactor
from service.suggestion.terms import Terms
from service.web.identity import Principal
from service.web.sources import Source

MOST_TEXTS = 20
MOST_CODES = 200
REQUEST_S = 60.0
"""After so long no further text of a request is begun."""

_ONE = re.compile(r"([\w.-]{1,50})=(\S+)")


@dataclass(frozen=True, slots=True)
class Server:
    """A server of language models as the operator named it; the key is shown to nobody."""

    name: str
    base_url: str
    key: str = field(repr=False)


def servers_of(settings: Settings) -> dict[str, Server]:
    """Read the servers and their keys, or refuse to start, naming no key."""
    addresses = _pairs("INTERCODER_LANGUAGE_MODEL_SERVERS", settings.language_model_servers)
    keys = _pairs("INTERCODER_LANGUAGE_MODEL_KEYS", settings.language_model_keys)
    if wrong := [name for name, address in addresses.items() if not address.startswith(("http://", "https://"))]:
        message = f"INTERCODER_LANGUAGE_MODEL_SERVERS: the address of {wrong[0]} begins with neither http:// nor https://."
        raise BadInput(message)
    if unknown := sorted(set(keys) - set(addresses)):
        message = f"INTERCODER_LANGUAGE_MODEL_KEYS: there is no server {unknown[0]} among INTERCODER_LANGUAGE_MODEL_SERVERS."
        raise BadInput(message)
    return {name: Server(name, address, keys.get(name, "")) for name, address in addresses.items()}


def _pairs(setting: str, written: str) -> dict[str, str]:
    found = [_ONE.fullmatch(one) for one in written.split()]
    pairs = [(one[1], one[2]) for one in found if one]
    if len(pairs) < len(found) or len(dict(pairs)) < len(pairs):
        message = f"{setting} is written as name=value with spaces between, each name once."
        raise BadInput(message)
    return dict(pairs)


@dataclass(frozen=True, slots=True)
class _Asking:
    """One request's way to the store: a study's kept answers of one server, and the log. ``since`` is when the asking began."""

    store: Store
    principal: str
    study: StudyId
    terms: Terms
    since: str
    outcomes: list[Outcome] = field(default_factory=list[Outcome])

    @property
    def sent(self) -> bool:
        """Say whether anything was sent, rather than answered from what was kept."""
        return any(outcome is not Outcome.REPLAYED for outcome in self.outcomes)

    def get(self, key: str) -> str | None:
        """Give a kept answer."""
        with self.store.reading() as tx:
            return tx.language_models.reply(self.study, self.terms.base_url, key)

    def put(self, key: str, raw: str) -> None:
        """Keep an answer."""
        with self.store.writing() as tx:
            tx.language_models.keep(self.study, self.terms.base_url, key, raw, since=self.since)

    def log(self, row: CallRow) -> None:
        """Append a call to the study's log."""
        self.outcomes.append(row.outcome)
        call = Call(
            at="",
            principal=self.principal,
            model=row.model,
            parameters=row.parameters,
            asked=row.key,
            outcome=row.outcome,
            reason=row.reason[:200],
            milliseconds=row.milliseconds,
            tokens_sent=row.tokens_sent,
            tokens_received=row.tokens_received,
        )
        with self.store.writing() as tx:
            tx.language_models.note(self.study, call)


class LanguageModels:
    """Asks the language model that a study has on. Budgets are each principal's own; a server that fails rests for all."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.servers = servers_of(settings)
        self._store = store
        self._budget = Budget(settings.language_model_calls_per_day)
        self._breakers: dict[str, Breaker] = {}

    async def check(self, who: Principal, source: Source, texts: Sequence[str], *, offline: bool) -> None:
        """Refuse what cannot be asked at all, before anything is sent."""
        snapshot = checked(source, texts, most=len(texts))
        await asyncio.to_thread(self._asking, who, snapshot.study_id, offline=offline)

    async def for_texts(self, who: Principal, source: Source, texts: Sequence[str], *, top: int, offline: bool) -> tuple[Suggestion, ...]:
        """Suggest for texts, one after the other; what was answered is kept, so that asking again after a failure costs the rest only."""
        return await self._told(who, source, texts, checked(source, texts, most=MOST_TEXTS), top=top, offline=offline)

    async def for_sample(self, who: Principal, source: Source, texts: Sequence[str], *, top: int) -> tuple[Suggestion, ...]:
        """Suggest for as many texts as a round's sample has; what was answered before is not asked again and counts for no time."""
        return await self._told(who, source, texts, checked(source, texts, most=len(texts)), top=top, offline=False)

    async def _told(
        self, who: Principal, source: Source, texts: Sequence[str], snapshot: Snapshot, *, top: int, offline: bool
    ) -> tuple[Suggestion, ...]:
        spent, found = 0.0, list[Suggestion]()
        for text in texts:
            if spent > REQUEST_S:
                message = f"The language model is slow: {len(found)} of {len(texts)} texts were answered and are kept. Ask again."
                raise Unavailable(message)
            began = monotonic()
            asking = await asyncio.to_thread(self._asking, who, snapshot.study_id, offline=offline)  # it may be turned off meanwhile
            model = self._model(asking, offline=offline)
            said = [await model.suggest(who.key, variable, text) for variable in source.codebook.variables]
            found.append(suggestion_of(said, source.codebook, asking.terms, snapshot=snapshot.sequence, top=top))
            spent += monotonic() - began if asking.sent else 0.0
        return tuple(found)

    def _asking(self, who: Principal, study: StudyId, *, offline: bool) -> _Asking:
        with self._store.reading() as tx:
            present, since = tx.language_models.present(study), tx.session.now()
        if present is None or present.terms is None:
            message = (
                "No language model is turned on for this study. Its lead can turn one on, with what it is for; until then nothing is sent."
            )
            raise Conflict(message)
        terms = present.terms
        server = self.servers.get(terms.server)
        if not offline and (server is None or server.base_url != terms.base_url):
            message = (
                f"The server {terms.server} that the lead turned on is not at that address any more. "
                "Let the lead turn it on anew; nothing was sent."
            )
            raise Conflict(message)
        return _Asking(self._store, who.key, study, terms, since)

    def _model(self, asking: _Asking, *, offline: bool) -> LanguageModel:
        terms = asking.terms
        server = self.servers.get(terms.server)
        return LanguageModel(
            base_url=terms.base_url,
            parameters=terms.parameters,
            key=server.key if server else "",
            replies=asking,
            log=asking.log,
            budget=self._budget,
            breaker=self._breakers.setdefault(terms.base_url, Breaker(monotonic)),
            redact=redactor(terms.redaction, terms.words),
            rng=Random(),  # noqa: S311 - spreads repetitions, decides nothing
            offline=offline,
        )


def checked(source: Source, texts: Sequence[str], *, most: int) -> Snapshot:
    """Refuse what cannot be asked as a whole, before anything is sent; give the snapshot whose codebook is asked about."""
    if source.snapshot is None:
        message = "A language model is turned on for a study: give codebook_id, not a codebook written out."
        raise BadInput(message)
    if len(texts) > most:
        message = f"A language model takes {most} texts a call at most; nothing was sent."
        raise BadInput(message)
    if long := [place for place, text in enumerate(texts, 1) if len(text) > LONGEST_EXCERPT]:
        message = f"Text {long[0]} is longer than the {LONGEST_EXCERPT:,} characters that a language model is sent. Nothing was sent."
        raise BadInput(message)
    validate(source.codebook)
    if any(len(variable.codes) > MOST_CODES for variable in source.codebook.variables):
        message = f"A variable has more than the {MOST_CODES} codes that a language model is asked about. Nothing was sent."
        raise Conflict(message)
    return source.snapshot
