"""All that a lead reads of a variable of spans, by one methods profile: where coders marked, and what they called it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from service.agreement.alignment import Dissimilarity
from service.agreement.codes import ENOUGH
from service.agreement.diagnosis import Influence
from service.agreement.estimate import Estimate, Interval, Reason, Undefined, undefined
from service.agreement.gamma import Gamma, Sampling, gamma
from service.agreement.interval import Uncertainty, interval
from service.agreement.kinds import Split, split_spans
from service.agreement.percent import percent_agreement, percent_all_agree
from service.agreement.profile import MethodsProfile
from service.agreement.ratings import MISSING, PAIR, Ratings, ratings_from_matrix, type_of_place
from service.agreement.spans import Span, Spans, overlapping, spans_of
from service.agreement.unitizing import Covered, UnitizingAlphas, unitizing_alphas, unitizing_moments
from service.agreement.verdict import Verdict, verdict_of

ONES = Dissimilarity(alpha=1, beta=1, empty=1)
GAMMA_SAMPLES = 30
MOST_FOR_GAMMA = 2_000
MOST_CODERS_FOR_GAMMA = 4
"""Beyond so many spans or coders gamma's exact alignment takes minutes, so it is left out and said to be."""
SENTENCE = (
    "Methods profile {label}: unitizing alphas of Krippendorff et al. (2016) over the excerpts that every coder coded, characters as "
    "the unit of length, {level:.0%} interval by {method} over {what}, {replicates} replicates, seed {seed}; gamma of Mathet et al. (2015) "
    f"with all weights 1 over excerpts laid end to end, {GAMMA_SAMPLES} random continua of the same seed."
)
WEIGHTED = " Each excerpt weighs 1/inclusion probability in the alphas and the percentages; gamma counts each excerpt once."


@dataclass(frozen=True, slots=True)
class Marked:
    """Who marked what: a coder who coded a text has an entry for it, an empty one for nothing marked.

    Attributes
    ----------
    texts
        Length of each text of the sample in code points.
    coders
        In the order in which they are shown.
    given
        The spans by text and coder.
    weights
        1/inclusion probability of each text, or None where all are the same.
    """

    texts: Mapping[str, int]
    coders: tuple[str, ...]
    given: Mapping[tuple[str, str], tuple[Span, ...]]
    weights: Mapping[str, float] | None = None

    def by(self, coders: Sequence[str]) -> Spans:
        """Give the spans of these coders in the texts that all of them coded: a unitizing coefficient knows no gaps."""
        shared = {text: length for text, length in self.texts.items() if all((text, coder) in self.given for coder in coders)}
        found = spans_of((span for text in shared for coder in coders for span in self.given[text, coder]), texts=shared, coders=coders)
        if self.weights is None:
            return found
        counted = len(shared) / sum(self.weights[text] for text in shared) if shared else 1.0
        return replace(found, weights={text: self.weights[text] * counted for text in shared})

    def within(self, texts: Sequence[str]) -> "Marked":
        """Keep some of the texts."""
        given = {(text, coder): self.given[text, coder] for text in texts for coder in self.coders if (text, coder) in self.given}
        return replace(self, texts={text: self.texts[text] for text in texts}, given=given)

    def active(self) -> tuple[str, ...]:
        """Name the coders who coded anything."""
        return tuple(coder for coder in self.coders if any(other == coder for _, other in self.given))

    def as_wholes(self) -> Ratings:
        """Take all that a coder marked in a text as one value, so that texts can be the same or not."""
        wholes = {key: tuple(sorted((span.start, span.end, span.code) for span in spans)) for key, spans in self.given.items()}
        scale = {value: place for place, value in enumerate(sorted(set(wholes.values())))}
        matrix = np.full((len(self.coders), len(self.texts)), MISSING, type_of_place)
        units = {text: place for place, text in enumerate(self.texts)}
        for (text, coder), value in wholes.items():
            matrix[self.coders.index(coder), units[text]] = scale[value]
        found = ratings_from_matrix(matrix, scale=[str(value) for value in scale], coders=self.coders, units=list(self.texts))
        return found if self.weights is None else found.weighted([self.weights[text] for text in self.texts])


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedCode:
    """One code: u-alpha of marked with it or not, (k)u-alpha of what it was called where two marked, and how often it was used."""

    code: str
    spans: int
    texts: int
    spans_by_coder: dict[str, int]
    alpha: Estimate | Undefined
    ku_alpha: Covered
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedPair:
    """Two coders over the texts that both coded."""

    coders: tuple[str, str]
    texts: int
    percent: Estimate | Undefined
    alpha: Estimate | Undefined


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedDashboard:
    """The family of alphas with intervals where they have one; ``gamma`` is None where there is too much for it."""

    methods: str
    texts_used: int
    percent: Estimate | Undefined
    all_agree: Estimate | Undefined
    alpha: Estimate | Undefined
    binary: Estimate | Undefined
    cu_alpha: Covered
    gamma: Gamma | None
    codes: tuple[MarkedCode, ...]
    pairs: tuple[MarkedPair, ...]
    without_coder: tuple[Influence, ...]
    kinds: Split


def marked_dashboard(
    marked: Marked, *, codes: Sequence[str], profile: MethodsProfile, documents: Mapping[str, str] | None, parents: Mapping[str, str]
) -> MarkedDashboard:
    """Compute the whole dashboard of a variable of spans; with documents, intervals resample documents."""
    how = profile.uncertainty(by_cluster=documents is not None)
    active = marked.active()
    spans = marked.by(active)
    whole = alphas_of(spans)
    wholes = marked.as_wholes()
    alpha = with_interval(whole.u_alpha, spans, how, documents)
    places = spans.merged() if overlapping(spans) else spans.collapsed()
    return MarkedDashboard(
        methods=_sentence(profile, by_cluster=documents is not None, weighted=marked.weights is not None),
        texts_used=len(spans.texts),
        percent=percent_agreement(wholes),
        all_agree=percent_all_agree(wholes),
        alpha=alpha,
        binary=with_interval(alphas_of(places).binary, places, how, documents),
        cu_alpha=whole.cu_alpha,
        gamma=_gamma(spans, profile),
        codes=tuple(_code(code, spans, whole, how, documents) for code in codes),
        pairs=tuple(_pair(marked, one, other) for one, other in combinations(active, 2)),
        without_coder=tuple(_without(marked, active, coder, alpha) for coder in active) if len(active) > PAIR else (),
        kinds=split_spans(spans, parents=parents),
    )


def with_interval(found: Estimate | Undefined, spans: Spans, how: Uncertainty, documents: Mapping[str, str] | None) -> Estimate | Undefined:
    """Give u-alpha its interval: texts, or documents, are what is resampled."""
    if isinstance(found, Undefined):
        return found
    moments = unitizing_moments(spans)
    if documents is not None:
        named = [documents[text] for text in spans.texts]
        place = {name: at for at, name in enumerate(sorted(set(named)))}
        moments = moments.clustered(np.array([place[name] for name in named], np.int32))
    return replace(found, interval=interval(found.value, moments, how))


def alphas_of(spans: Spans) -> UnitizingAlphas:
    """Compute the alphas; where a coder's spans overlap, the binary form only."""
    if not overlapping(spans):
        return unitizing_alphas(spans)
    none = undefined(Reason.OVERLAPPING_SPANS, unitizing_alphas(spans.merged()).binary.basis)
    return UnitizingAlphas(none, none, Covered(none, 0.0), {code: Covered(none, 0.0) for code in spans.codes()})


def _code(code: str, spans: Spans, whole: UnitizingAlphas, how: Uncertainty, documents: Mapping[str, str] | None) -> MarkedCode:
    only = spans.only(code)
    alpha = with_interval(unitizing_alphas(only).u_alpha, only, how, documents)
    texts = len({span.text for span in only.spans})
    return MarkedCode(
        code=code,
        spans=len(only.spans),
        texts=texts,
        spans_by_coder={coder: sum(span.coder == coder for span in only.spans) for coder in spans.coders},
        alpha=alpha,
        ku_alpha=whole.per_code.get(code, Covered(undefined(Reason.NO_DATA), 0.0)),
        verdict=_verdict(alpha, texts),
    )


def _verdict(alpha: Estimate | Undefined, texts: int) -> Verdict:
    if isinstance(alpha, Undefined) or not isinstance(alpha.interval, Interval):
        return Verdict.UNDEFINED
    return Verdict.NOT_ENOUGH_DATA if texts < ENOUGH else verdict_of(alpha.interval)


def _pair(marked: Marked, one: str, other: str) -> MarkedPair:
    spans = marked.by((one, other))
    given = {(text, coder): marked.given[text, coder] for text in spans.texts for coder in (one, other)}
    percent = percent_agreement(replace(marked, texts=spans.texts, coders=(one, other), given=given).as_wholes())
    return MarkedPair(coders=(one, other), texts=len(spans.texts), percent=percent, alpha=alphas_of(spans).u_alpha)


def _without(marked: Marked, coders: Sequence[str], coder: str, whole: Estimate | Undefined) -> Influence:
    # Over the same texts as the whole, so that a change is the coder's and not that of other texts.
    texts = marked.by(coders).texts
    rest = tuple(other for other in coders if other != coder)
    left = alphas_of(replace(marked, texts=texts, coders=rest).by(rest)).u_alpha
    change = None if left.value is None or whole.value is None else left.value - whole.value
    return Influence(coder=coder, without=left, change=change)


def _gamma(spans: Spans, profile: MethodsProfile) -> Gamma | None:
    if len(spans.spans) > MOST_FOR_GAMMA or len(spans.coders) > MOST_CODERS_FOR_GAMMA:
        return None
    if spans.spans and any(all(span.coder != coder for span in spans.spans) for coder in spans.coders):
        return None
    sampling = Sampling(seed=profile.seed, samples=GAMMA_SAMPLES, precision=None, level=profile.level, unaligned_count=False)
    return gamma(spans, by=ONES, sampling=sampling)


def _sentence(profile: MethodsProfile, *, by_cluster: bool, weighted: bool) -> str:
    what = "documents" if by_cluster else "excerpts"
    sentence = SENTENCE.format(
        label=profile.label, level=profile.level, method=profile.method.value, what=what, replicates=profile.replicates, seed=profile.seed
    )
    return sentence + WEIGHTED if weighted else sentence
