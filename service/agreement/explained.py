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
