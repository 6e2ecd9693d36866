"""What pushed a score, in words for colleagues: features that tell of one thing count together.

Knows nothing of how a push is measured; see `profiles.explain`.
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Literal

from profiles.features import FEATURES, NUMERIC
from rapport.customer_profiles import ProfileDriver

MOST = 3  # drivers that raise a score
UNTOLD = frozenset({"season_sine", "season_cosine"})  # the same for everybody on a day
# What did not happen is no reason that a risk is higher, whatever a net makes of it.
HAPPENS = frozenset({"late", "lost", "declined", "returns", "cancelled", "mood", "escalated", "chats", "mails"})
LEAST = 0.02  # log-odds; less is nothing that a person should read

_NUMBERS = frozenset(feature.name for feature in NUMERIC)
Push = tuple[str, Any, float]  # feature, value, log-odds


def reasons(score: Literal["churn_risk", "contact_risk"], pushes: Iterable[Push]) -> tuple[ProfileDriver, ...]:
    """The themes that raise a score most, strongest first, then the one that lowers it most.

    A theme is told by the feature that pushes most its way, in each part of it.
    """
    themes: dict[str, list[Push]] = defaultdict(list)
    for push in pushes:
        if push[0] in FEATURES and push[0] not in UNTOLD:
            themes[FEATURES[push[0]].theme].append(push)
    found = sorted(filter(None, map(_theme, themes.values())), key=lambda theme: -theme[0])
    raising = [theme for theme in found if theme[0] >= LEAST][:MOST]
    lowering = [theme for theme in found if theme[0] <= -LEAST][-1:]
    return tuple(_driver(score, *theme) for theme in (*raising, *lowering))


def _theme(parts: list[Push]) -> tuple[float, list[Push]] | None:
    """How much a theme pushes, and the parts that tell of it; None where nothing does."""
    total = sum(push for _, _, push in parts)
    if total > 0 and FEATURES[parts[0][0]].theme in HAPPENS:
        parts = [part for part in parts if part[1]]
    return (round(total, 4), parts) if parts else None


def _driver(score: Literal["churn_risk", "contact_risk"], total: float, parts: list[Push]) -> ProfileDriver:
    way = 1 if total >= 0 else -1
    strongest = sorted(parts, key=lambda part: -way * part[2])
    told = {
        FEATURES[feature].within: (feature, value) for feature, value, push in reversed(strongest) if way * push > 0
    }
    told = told or {"": strongest[0][:2]}
    words = " and ".join(_words(*told[within]) for within in sorted(told))
    return ProfileDriver(score=score, feature=strongest[0][0], push=total, words=words)


def _words(feature: str, value: Any) -> str:
    missing = math.nan if feature in _NUMBERS else None
    return FEATURES[feature].says(missing if value is None else value)
