"""Numbers that tell a message that the labels cover from one that they do not, and the curves over them. numpy only."""

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np

ScopeScore = Literal["none", "max_logit", "energy", "margin", "near", "beside"]
# Of a head's log odds beside a judge that has learnt from many strangers: their share, their bounds, and what is taken
# off the sum. Chosen on messages of six writers: with more than a fifth, more customers are taken for strangers.
TRUST, CERTAIN, LEAN = 0.15, 10.0, 1.0


def scope_scores(
    logits: "np.ndarray", labels: int, *, near: "np.ndarray | None" = None
) -> dict[ScopeScore, "np.ndarray"]:
    """Every score that can tell in scope from out of scope, (n,) each; higher means in scope.

    `max_logit`: the largest logit of a label. `energy`: their log-sum-exp. `margin`: the energy less the out-of-scope
    logit. `near`: the largest logit and `near`, which says how close the nearest training row lies. `beside`: the
    margin and `near`, which then says how much closer one in scope lies than one that is not.
    labels: how many leading columns of `logits` are labels; one more column is the out-of-scope logit.
    Source for energy: Liu et al., Energy-based Out-of-distribution Detection, NeurIPS 2020.
    """
    import numpy as np

    own = logits[:, :labels]
    peak = own.max(axis=1)
    energy = peak + np.log(np.exp(own - peak[:, None]).sum(axis=1))
    scores: dict[ScopeScore, np.ndarray] = {"max_logit": peak, "energy": energy}
    if logits.shape[1] > labels:
        scores["margin"] = energy - logits[:, labels]
    if near is not None:
        scores["near"] = peak + near
        if "margin" in scores:
            scores["beside"] = scores["margin"] + near
    return scores


def nearness(vectors: "np.ndarray", neighbours: "np.ndarray") -> "np.ndarray":
    """(n,) cosine of each row with the nearest neighbour. Of wider rows the last columns are compared."""
    found: np.ndarray = (vectors[:, -neighbours.shape[1] :] @ neighbours.T).max(axis=1)
    return found


def closeness(vectors: "np.ndarray", neighbours: "np.ndarray", strangers: "np.ndarray | None") -> "np.ndarray":
    """(n,) nearness to the neighbours, less that to the strangers where there are any."""
    found = nearness(vectors, neighbours)
    return found if strangers is None else found - nearness(vectors, strangers)


def beside_judge(scope: "np.ndarray", log_odds: "np.ndarray") -> "np.ndarray":
    """(n,) probabilities of being in scope by a head, with the log odds of a second judge that knows more strangers.

    A head that has seen few strangers takes customers' odd wordings for more of them, so it counts little.
    """
    import numpy as np

    kept = np.clip(scope, 1e-9, 1.0 - 1e-7)
    own = np.clip(np.log(kept) - np.log1p(-kept), -CERTAIN, CERTAIN)
    inside: np.ndarray = sigmoid(TRUST * own + log_odds - LEAN).astype(scope.dtype)
    return inside


def softmax(logits: "np.ndarray") -> "np.ndarray":
    """Row-wise softmax, safe for large logits."""
    import numpy as np

    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return shares


def sigmoid(values: "np.ndarray") -> "np.ndarray":
    """Elementwise logistic function, safe for large values."""
    import numpy as np

    halves: np.ndarray = 0.5 * (1.0 + np.tanh(0.5 * values))
    return halves
