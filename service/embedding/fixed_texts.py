"""The texts on which every conversion is measured: talk, short and long, other scripts, edges. Changing them changes the figures."""

_TALK = (
    "I never thought anyone would listen to me, and then he just sat there and listened.",
    "We agreed at the start what I would keep to myself and what I would have to pass on.",
    "You get the training, but it's the first real person across the table that teaches you.",
    "My supervisor asks how I am before she asks how it went.",
    "Before this, my week was waiting for something to go wrong.",
    "They gave me a badge with my name on it. Sounds like nothing. It wasn't nothing.",
    "Nobody told us whose job it was to call the hostel, so nobody called.",
    "Some weeks it's two hours, some weeks it's every day; you can't plan it.",
    "I could see myself in him five years ago, and that scared me a bit.",
    "If the office is closed there's always somebody on the phone, that's what matters.",
)
_EDGES = (
    "",
    "Yes.",
    "???",
    "12 34 56",
    "MENTORING IS NOT TEACHING",
    "re-offending; e.g. \u201cbridging out\u201d \u2014 what's that?",
    "Ich war am Anfang skeptisch, aber dann hat es gut getan.",
    "J'ai enfin quelqu'un \u00e0 qui parler.",
    "\u0622\u0646\u0647\u0627 \u0628\u0647 \u0645\u0646 \u06a9\u0645\u06a9 \u06a9\u0631\u062f\u0646\u062f",
    "\u6211\u89c9\u5f97\u81ea\u5df1\u6709\u7528\u4e86\u3002",
    "thanks \U0001f64f\U0001f3fd so much",
    "a\u0301 e\u0301 combining",
)

FIXED_TEXTS = (
    *_TALK,
    *_EDGES,
    *(" ".join(_TALK[: count + 1]) for count in range(1, len(_TALK))),
    *(f"{first} {second}" for first in _TALK[:5] for second in _TALK[5:]),
    " ".join(_TALK * 4),
)
