"""How good chances for the rows of a table are, in the standard figures."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rapport.metrics import auroc, expected_calibration_error

if TYPE_CHECKING:
    import numpy as np


def table_scores(chances: "np.ndarray", target: "np.ndarray", fold: "np.ndarray") -> Mapping[str, float]:
    """roc_auc and pr_auc over all rows together, brier, ece (15 bins of equal width), and the mean ROC-AUC of folds."""
    import numpy as np
    from sklearn.metrics import average_precision_score

    by_fold = [auroc(chances[fold == number], target[fold == number]) for number in np.unique(fold)]
    return {
        "roc_auc": auroc(chances, target),
        "pr_auc": float(average_precision_score(target, chances)),
        "brier": float(np.mean((chances - target) ** 2)),
        "ece": expected_calibration_error(chances, target),
        "roc_auc_by_fold": float(np.mean(by_fold)),
    }
