"""Each coefficient in two sentences and its reference: what a page opens where it names one."""

from dataclasses import dataclass

from service.agreement.coefficients import TITLES, Coefficient


@dataclass(frozen=True, slots=True)
class Explained:
    """``words`` are two sentences: what it compares, and what to mind when reading it."""

    title: str
    words: str
    reference: str


_CODES = {
    Coefficient.PERCENT: (
        "Of the pairs of codings of an excerpt, the share that is the same, averaged over the excerpts that two or more coded. "
        "It knows nothing of chance: where one code is given nearly always, it is high without anybody telling the codes apart.",
        "Gwet (2014) Handbook of inter-rater reliability, ch. 2",
    ),
    Coefficient.PERCENT_VALUE_WEIGHTED: (
        "Percent agreement in which an excerpt counts as often as it was coded. "
        "It is the agreement that Krippendorff's alpha corrects for chance.",
        "Krippendorff (2011) Computing Krippendorff's alpha-reliability",
    ),
    Coefficient.PERCENT_PAIRWISE: (
        "The percent agreement of every two coders on what both coded, averaged over the pairs. "
        "Each pair counts alike, however few excerpts it shares.",
        "Neuendorf (2017) The content analysis guidebook",
    ),
    Coefficient.PERCENT_ALL_AGREE: (
        "The share of excerpts on which all who coded them gave the same. "
        "It falls with every coder who joins, so compare it only between rounds with as many coders.",
        "Lombard, Snyder-Duch & Bracken (2002)",
    ),
    Coefficient.HOLSTI: (
        "Twice the number of codings that two coders have in common, divided by all codings of the two, averaged over the pairs. "
        "It has no correction for chance, and excerpts that only one of them coded lower it.",
        "Holsti (1969) Content analysis for the social sciences and humanities",
    ),
    Coefficient.SCOTT: (
        "Agreement of two coders beyond what chance would give if both used each code as often as the two do together. "
        "It takes the coders as interchangeable: that one gives a code more often counts as disagreement.",
        "Scott (1955) Public Opinion Quarterly 19:321",
    ),
    Coefficient.COHEN: (
        "Agreement of two coders beyond what chance would give if each kept to their own use of the codes; 1 is perfect, 0 is chance. "
        "Where one code is very common it can be low although nearly all pairs agree.",
        "Cohen (1960, 1968); Fleiss, Cohen & Everitt (1969) for the standard error",
    ),
    Coefficient.LIGHT: (
        "Cohen's kappa of every two coders, averaged over the pairs. Pairs whose kappa is undefined are left out of the mean.",
        "Light (1971) Psychological Bulletin 76:365",
    ),
    Coefficient.CONGER: (
        "Cohen's kappa carried over to any number of coders: chance is taken from every coder's own use of the codes. "
        "With two coders and no gaps it is Cohen's kappa.",
        "Conger (1980) Psychological Bulletin 88:322; Gwet (2014)",
    ),
    Coefficient.FLEISS: (
        "Agreement beyond chance for many interchangeable coders, where chance is the use of the codes by all of them together. "
        "It generalises Scott's pi, not Cohen's kappa.",
        "Fleiss (1971); Fleiss, Nee & Landis (1979) for the null variance; Gwet (2014) for gaps",
    ),
    Coefficient.BRENNAN_PREDIGER: (
        "Agreement beyond what chance would give if every code of the codebook were as likely as any other. "
        "How common a code is does not move it, but codes added to the codebook do; with two coders and two codes it is PABAK.",
        "Brennan & Prediger (1981); Byrt, Bishop & Carlin (1993) for PABAK",
    ),
    Coefficient.GWET: (
        "Agreement beyond a chance that is small where the codes are used unevenly, so it stays high where kappa falls; AC2 is AC1 with "
        "weights. It needs the number of codes in the codebook, and reads higher than kappa or alpha on the same codings.",
        "Gwet (2008) British Journal of Mathematical and Statistical Psychology 61:29",
    ),
    Coefficient.ALPHA: (
        "One minus the disagreement that was seen divided by the disagreement that chance would give: 1 is perfect, 0 is chance, below 0 "
        "is worse than chance. It takes any number of coders, gaps, and codes that lie nearer to or farther from each other.",
        "Krippendorff (2011); Krippendorff (2019) Content analysis, ch. 12",
    ),
}
_MORE = {
    "pooled_kappa": (
        "Pooled kappa",
        "One kappa of two coders over many codes: agreement and chance are averaged over the codes first, then one kappa is formed. "
        "Rare codes do not break it as they break a mean of kappas.",
        "De Vries, Elliott, Kanouse & Teleki (2008) Field Methods 20:272",
    ),
    "u_alpha": (
        "u-alpha: places and codes",
        "Krippendorff's alpha over the characters of the text, where both the stretch and its code were the coder's choice. "
        "What nobody marked counts too, and two stretches of one code side by side are the same as one.",
        "Krippendorff, Mathet, Bouvry & Widlöcher (2016) Quality & Quantity 50:2347",
    ),
    "u_alpha_binary": (
        "Binary u-alpha: places only, whatever the code",
        "u-alpha that asks only whether a character was marked, with any code. "
        "Low here means that coders differ on what is relevant at all.",
        "Krippendorff, Mathet, Bouvry & Widlöcher (2016) Quality & Quantity 50:2347",
    ),
    "cu_alpha": (
        "cu-alpha: codes only, where two coders marked",
        "Given that two coders marked a stretch, it asks whether they gave it the same code. "
        "What only one of them marked is left out, so read it with its coverage.",
        "Krippendorff, Mathet, Bouvry & Widlöcher (2016) Quality & Quantity 50:2347",
    ),
    "ku_alpha": (
        "(k)u-alpha",
        "cu-alpha of one code: what else a stretch with this code was called, where two coders marked it. "
        "Read it with its coverage, the share of the code's length that it rests on.",
        "Krippendorff, Mathet, Bouvry & Widlöcher (2016) Quality & Quantity 50:2347",
    ),
    "gamma": (
        "gamma: places and codes, overlaps allowed",
        "The stretches of the coders are aligned as well as can be, and what is left of disorder is compared with that of random texts. "
        "It takes overlapping stretches and counts a near miss as less than a miss.",
        "Mathet, Widlöcher & Métivier (2015) Computational Linguistics 41:437",
    ),
    "gamma_cat": (
        "gamma of the codes",
        "Gamma without the places: over the stretches that gamma aligned, how far the codes are the same. "
        "Pairs that lie well on each other count more.",
        "Mathet (2017) Computational Linguistics 43:661",
    ),
}
EXPLAINED = {name.value: Explained(TITLES[name], *said) for name, said in _CODES.items()} | {
    name: Explained(*said) for name, said in _MORE.items()
}
"""By the names that reports and docs/agreement.md give the coefficients."""
MEASURES = {
    "sample_size": Explained(
        "To tell the coefficient",
        "So many excerpts tell the coefficient from the smallest that you would accept, at your confidence; for kappa also by the value "
        "that you expect and your power. A rare code needs many more, because most excerpts say nothing about it.",
        "Krippendorff (2019) ch. 12, after Bloch & Kraemer (1989), for alpha; Donner & Eliasziw (1992) for kappa",
    ),
    "for_verdict": Explained(
        "For a verdict",
        "So many excerpts let enough of them carry the code that its agreement can be judged, as surely as your confidence says. "
        "Below that a code is called \u201cnot enough data\u201d, whatever its coefficient is.",
        "The binomial distribution; how many are enough is a rule of this service and stands with the verdicts",
    ),
    "shaffer_rho": Explained(
        "Shaffer's rho",
        "How often a kappa as high as this one comes from a test set of this size although the kappa of the whole is below the minimum. "
        "Below .05 it is usual to say that the kappa holds beyond the excerpts that were compared.",
        "Shaffer (2017) Quantitative ethnography",
    ),
    "against_key": Explained(
        "Kappa against a key",
        "Cohen's kappa of one coder and the key, as if the key were a second coder who is always right; pooled over codes where several "
        "may be given. It tells what a coder has learned, and is no agreement between coders.",
        "Cohen (1960) Educational and Psychological Measurement 20:37",
    ),
    "stability": Explained(
        "Alpha of a coder with that coder",
        "Krippendorff's alpha of the first and the second coding of the same excerpts by one person. "
        "Who does not agree with that much of an own past cannot agree better with others.",
        "Krippendorff (2019) Content analysis, ch. 12",
    ),
    "pull": Explained(
        "Pull of the suggestion",
        "The share of turns that gave the suggested code when it was shown before the answer, minus the share that gave it without having "
        "seen it. As who saw it when was drawn by lot, the difference is what the suggestion did.",
        "Difference of shares between arms drawn by lot, for each coder and excerpt",
    ),
    "flips": Explained(
        "Flips to the suggestion",
        "Of the answers that a coder gave first without the suggested code, the share that had it once the suggestion was shown. "
        "Some would have been changed on a second look anyway, so read it beside the flips away from the suggestion.",
        "Computed on the turns drawn to be shown a suggestion after the own answer",
    ),
    "assisted_agreement": Explained(
        "Agreement, assisted minus blind",
        "The share of pairs of coders who gave the same after both had seen a suggestion, minus the share among answers given blind. "
        "A rise need not mean better coding: coders who follow the same suggestion agree with it, and so with each other.",
        "Computed over pairs within an excerpt, by arms drawn by lot",
    ),
}
"""What else a table of training, stability, assistance or planning names."""
