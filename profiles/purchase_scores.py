"""How good predictions of purchases are against what happened, in the standard figures."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rapport.metrics import auroc

if TYPE_CHECKING:
    import numpy as np

    from profiles.windows import Outcome


def purchase_scores(
    chance: "np.ndarray", count: "np.ndarray", value: "np.ndarray", outcome: "Outcome"
) -> Mapping[str, float | None]:
    """Figures of n customers.

    roc_auc, pr_auc: any purchase in the horizon, by chance. mae, rmse, spearman: number of occasions. top_decile_share:
    of the money of the horizon, the share that the tenth of the customers with the highest predicted value brought;
    None where there was no money.
    """
    import numpy as np
    from scipy.stats import spearmanr
    from sklearn.metrics import average_precision_score

    bought = outcome.count > 0
    both = bool(bought.any()) and not bool(bought.all())
    constant = np.ptp(count) == 0 or np.ptp(outcome.count) == 0
    best = np.argsort(-value, kind="stable")[: max(1, round(len(value) / 10))]
    money = float(outcome.money.sum())
    return {
        "roc_auc": auroc(chance, bought) if both else None,
        "pr_auc": float(average_precision_score(bought, chance)) if both else None,
        "mae": float(np.abs(count - outcome.count).mean()),
        "rmse": float(np.sqrt(((count - outcome.count) ** 2).mean())),
        "spearman": None if constant else float(spearmanr(count, outcome.count)[0]),
        "top_decile_share": float(outcome.money[best].sum()) / money if money > 0 else None,
    }
