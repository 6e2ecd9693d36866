"""Decide whether a reply model may take the place of the one in use: both wrote on the same held-out conversations.

A model is let through only where no guarded figure falls by more than a margin, and only where there are cases enough
to tell (non-inferiority: the whole interval of the change must lie within the limit). Knows nothing of models or texts.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from eval.paired import Bootstrap, Estimate, Statistic, difference, late, mean, ratio
from rapport.errors import DataError, Refused, SettingsError

Verdict = Literal["held", "fell", "unclear", "not guarded"]
EXAMPLES = 3  # cases named for each figure that does not hold
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyScore:
    """What one model's reply to one case was worth.

    right: the facts that people sent are in it; None where they sent none that can be checked. grounded: it states
    nothing that it was not given. rule_breaks: forbidden phrases. similarity: to what people sent, 0 to 1. length: in
    words. ms: it took.
    """

    case: str
    right: bool | None
    grounded: bool
    rule_breaks: int
    similarity: float
    length: int
    ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePlan:
    """How far a guarded figure may fall before a model is turned away.

    right, grounded: shares of replies, lower at most by this. rule_breaks: a reply, more at most by this.
    shortest, longest: mean length as a multiple of that of the model in use. slower: the same for the 95th percentile
    of the time a reply takes, unless that stays below quick_ms.
    most: cases that are compared; of more, so many are drawn by the seed.
    """

    right: float = 0.05
    grounded: float = 0.03
    rule_breaks: float = 0.03
    shortest: float = 0.6
    longest: float = 1.6
    slower: float = 1.5
    quick_ms: float = 1000.0
    confidence: float = 0.95
    resamples: int = 4000
    seed: int = 7
    most: int = 500

    def __post_init__(self) -> None:
        for name in ("right", "grounded", "rule_breaks"):
            if not 0 < getattr(self, name) < 1:
                raise SettingsError(
                    f"the margin of {name} is {getattr(self, name)}.", hint="Give a share such as 0.03."
                )
        if not 0 < self.shortest < 1 < self.longest or self.slower <= 1 or not 0.5 < self.confidence < 1:
            raise SettingsError(f"the limits of {self} leave no room for a model as good as the one in use.")

    @property
    def bootstrap(self) -> Bootstrap:
        return Bootstrap(confidence=self.confidence, resamples=self.resamples, seed=self.seed)

    def with_margin(self, margin: float) -> "GatePlan":
        """The same with one margin for all three shares."""
        return replace(self, right=margin, grounded=margin, rule_breaks=margin)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of both models.

    change: their difference, or for length and time their ratio. least, most: what it may be; None is no limit.
    needed: cases that would settle an unclear verdict, None where no number would. examples: cases where the candidate
    does worse.
    """

    name: str
    cases: int
    candidate: Estimate
    in_use: Estimate
    change: Estimate
    is_ratio: bool
    least: float | None
    most: float | None
    verdict: Verdict
    needed: int | None
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the gate says of a candidate."""

    cases: int
    figures: tuple[Figure, ...]
    plan: GatePlan

    @property
    def fallen(self) -> tuple[Figure, ...]:
        return tuple(figure for figure in self.figures if figure.verdict == "fell")

    @property
    def unclear(self) -> tuple[Figure, ...]:
        return tuple(figure for figure in self.figures if figure.verdict == "unclear")

    @property
    def passed(self) -> bool:
        return not self.fallen and not self.unclear

    def as_json(self) -> dict[str, Any]:
        """The whole judgement as JSON values."""
        return {
            "passed": self.passed, "cases": self.cases, "reasons": [reason(one) for one in self.fallen + self.unclear],
            "figures": {figure.name: asdict(figure) for figure in self.figures}, "plan": asdict(self.plan),
        }  # fmt: skip

    def require(self, candidate: str, in_use: str) -> None:
        """Raise Refused with the figures that fell, or that too few cases leave open; nothing where it passed."""
        if not self.passed:
            raise Refused(
                f"'{candidate}' does not take the place of '{in_use}': "
                f"{'; '.join(reason(figure) for figure in self.fallen + self.unclear)}.",
                hint="To see the replies: rapport models compare; more cases: --data; all the same: --without-gate",
            )


@dataclass(frozen=True, slots=True)
class _Guard:
    """A figure's name, what it is read from and how. least, most: limits of the change. rare: its margin is a share."""

    name: str
    read: Callable[[ReplyScore], float | bool | None]
    statistic: Statistic = mean
    is_ratio: bool = False
    least: float | None = None
    most: float | None = None
    rare: float | None = None


def judge(candidate: Sequence[ReplyScore], in_use: Sequence[ReplyScore], plan: GatePlan) -> Judgement:
    """Compare two models case by case. Raises DataError where they did not answer the same cases, or none."""
    theirs = {score.case: score for score in in_use}
    if not candidate or len(candidate) != len(theirs) or {score.case for score in candidate} != set(theirs):
        raise DataError(
            f"the models answered {len(candidate)} and {len(theirs)} cases, which are not the same ones.",
            hint="Score both on the same rows, each row once.",
        )
    pairs = [(score, theirs[score.case]) for score in candidate]
    return Judgement(cases=len(pairs), figures=tuple(_figure(pairs, guard, plan) for guard in _guards(plan)), plan=plan)


def _guards(plan: GatePlan) -> tuple[_Guard, ...]:
    return (
        _Guard("right", lambda score: score.right, least=-plan.right, rare=plan.right),
        _Guard("grounded", lambda score: score.grounded, least=-plan.grounded, rare=plan.grounded),
        _Guard("rule_breaks", lambda score: score.rule_breaks, most=plan.rule_breaks, rare=plan.rule_breaks),
        _Guard("similarity", lambda score: score.similarity),
        _Guard("length", lambda score: score.length, is_ratio=True, least=plan.shortest, most=plan.longest),
        _Guard("ms_p95", lambda score: score.ms, statistic=late, is_ratio=True, most=plan.slower),
    )


def _figure(pairs: Sequence[tuple[ReplyScore, ReplyScore]], guard: _Guard, plan: GatePlan) -> Figure:
    read = [(one.case, guard.read(one), guard.read(other)) for one, other in pairs]
    known = [(case, float(new), float(old)) for case, new, old in read if new is not None and old is not None]
    news, olds = [new for _, new, _ in known], [old for _, _, old in known]
    draw = plan.bootstrap
    if known:
        compared = (ratio if guard.is_ratio else difference)(guard.statistic)
        change = draw.estimate(compared, news, olds)
        each = (draw.estimate(guard.statistic, news), draw.estimate(guard.statistic, olds))
    else:
        change = Estimate(0.0, 0.0, 0.0)
        each = (change, change)
    verdict, needed = _verdict(change, len(known), guard, plan)
    if guard.name == "ms_p95" and known and each[0].high <= plan.quick_ms:
        verdict, needed = "held", None
    worse = [(_worse(guard, new, old), case) for case, new, old in known] if verdict in ("fell", "unclear") else []
    return Figure(
        name=guard.name, cases=len(known), candidate=each[0], in_use=each[1], change=change, is_ratio=guard.is_ratio,
        least=guard.least, most=guard.most, verdict=verdict, needed=needed,
        examples=tuple(case for by, case in sorted(worse, key=lambda one: -one[0])[:EXAMPLES] if by > 0),
    )  # fmt: skip


def _verdict(change: Estimate, cases: int, guard: _Guard, plan: GatePlan) -> tuple[Verdict, int | None]:
    """Held where the whole interval lies within the limits, fell where the figure itself does not, else unclear.

    The width of an interval shrinks with the root of the number of cases, which tells how many would do.
    """
    if guard.least is None and guard.most is None:
        return "not guarded", None
    enough = plan.bootstrap.least_cases(guard.rare) if guard.rare is not None else 2
    sides = []
    if guard.least is not None:
        sides.append((change.value - guard.least, change.value - change.low))
    if guard.most is not None:
        sides.append((guard.most - change.value, change.high - change.value))
    if any(room <= 0 for room, _ in sides):
        return "fell", None
    wide = max(half / room for room, half in sides)
    needed = max(enough, math.ceil(cases * wide**2))
    return ("held", None) if wide <= 1 + ROUNDING and cases >= enough else ("unclear", needed)


def _worse(guard: _Guard, new: float, old: float) -> float:
    """By how much the candidate does worse in a case; 0 or less where it does not."""
    if guard.least is not None and guard.most is not None:
        return abs(math.log(max(new, 0.5) / max(old, 0.5)))
    return old - new if guard.least is not None else new - old


def reason(figure: Figure) -> str:
    """Why a figure does not hold, in a sentence without its full stop."""
    now, before, change = figure.candidate.value, figure.in_use.value, figure.change
    named = f" (such as {', '.join(figure.examples)})" if figure.examples else ""
    if figure.verdict == "unclear":
        limit = f" about {figure.needed:,} would do" if figure.needed is not None else ""
        return f"{figure.name} cannot be told from {figure.cases:,} cases;{limit}"
    by = f"{change.value:.2f} times" if figure.is_ratio else f"{change.value:+.3f}"
    limits = [f"at least {figure.least:g}"] if figure.least is not None else []
    limits += [f"at most {figure.most:g}"] if figure.most is not None else []
    return f"{figure.name} goes from {before:.3f} to {now:.3f} ({by}; allowed: {', '.join(limits)}){named}"
