"""What pushed a score, in words for colleagues: features that tell of one thing count together.

Knows nothing of how a push is measured; see `profiles.explain`.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Literal

from profiles.features import FEATURES
from rapport.types import ProfileDriver

MOST = 3  # drivers that raise a score
UNTOLD = frozenset({"season_sine", "season_cosine"})  # the same for everybody on a day
LEAST = 0.02  # log-odds; less is nothing that a person should read

Push = tuple[str, Any, float]  # feature, value, log-odds


def reasons(score: Literal["churn_risk", "contact_risk"], pushes: Iterable[Push]) -> tuple[ProfileDriver, ...]:
    """The themes that raise a score most, strongest first, then the one that lowers it most.

    A theme is told by the feature that pushes most its way.
    """
    themes: dict[str, list[Push]] = defaultdict(list)
    for push in pushes:
        if push[0] in FEATURES and push[0] not in UNTOLD:
            themes[FEATURES[push[0]].theme].append(push)
    found = sorted((_driver(score, parts) for parts in themes.values()), key=lambda driver: -driver.push)
    raising = [driver for driver in found if driver.push >= LEAST][:MOST]
    lowering = [driver for driver in found if driver.push <= -LEAST][-1:]
    return (*raising, *lowering)


def _driver(score: Literal["churn_risk", "contact_risk"], parts: list[Push]) -> ProfileDriver:
    total = sum(push for _, _, push in parts)
    feature, value, _ = max(parts, key=lambda part: part[2] if total >= 0 else -part[2])
    return ProfileDriver(score=score, feature=feature, push=round(total, 4), words=FEATURES[feature].says(value))
