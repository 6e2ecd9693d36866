"""Examples vote for their labels beside a linear map: with few rows they say what no line between labels can.

Each adds to its label's score the more, the nearer a message lies to it. Knows nothing of who takes the examples.
Source: Vinyals et al., Matching Networks for One Shot Learning, NeurIPS 2016.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import torch

SHARPNESS = 40.0  # at a cosine that is lower by .1, an example says a fiftieth
LEAST = 1e-12  # of the votes, for a label without any example near


@dataclass(frozen=True, slots=True)
class Votes:
    """Labelled examples and how much their votes count.

    examples: (m, dim) unit vectors by a classifier's own layers. voices: (m, rows), 1 where an example votes for a row
    of the head's weights and 0 elsewhere.
    """

    examples: "np.ndarray"
    voices: "np.ndarray"
    weight: float

    def logits(self, vectors: "np.ndarray") -> "np.ndarray":
        """(n, rows) scores: the logarithm of the votes, weighed. Wider vectors begin with the own one."""
        import numpy as np

        near = np.exp(SHARPNESS * (vectors[:, : self.examples.shape[1]] @ self.examples.T - 1.0))
        scores: np.ndarray = self.weight * np.log(near @ self.voices + LEAST)
        return scores

    def tensor(self, vectors: "torch.Tensor") -> "torch.Tensor":
        """The same of a tensor, through which gradients flow."""
        import torch

        examples, voices = (torch.as_tensor(one, device=vectors.device) for one in (self.examples, self.voices))
        near = torch.exp(SHARPNESS * (vectors[:, : examples.shape[1]] @ examples.T - 1.0))
        return self.weight * torch.log(near @ voices + LEAST)
