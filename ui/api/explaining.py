"""The explainers of the classifiers that the server runs, each made when it is first asked for."""

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rapport.paths import Home

if TYPE_CHECKING:
    from rapport.explain import Explainer, Explanation


class Explainers:
    """models: artifact name by task, as the agent has loaded them, whatever is in use in the home by now.

    One explanation is made at a time: it takes a processor for a good part of a second.
    """

    def __init__(self, home: Home, models: Mapping[str, str]) -> None:
        self._home = home
        self._models = models
        self._made: dict[str, Explainer] = {}
        self._working = threading.Lock()

    def explain(self, task: str, text: str, *, label: str | None = None) -> "Explanation":
        """See `rapport.explain.Explainer.explain`."""
        with self._working:
            if task not in self._made:
                self._made[task] = self._load(task)
            return self._made[task].explain(text, label=label)

    def _load(self, task: str) -> "Explainer":
        from rapport.explain import Explainer
        from ui.commands.models_at import classifier_at

        found = classifier_at(self._home.root, task, self._models.get(task))
        return Explainer(found.encoder, found.classifier)
