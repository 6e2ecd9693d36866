"""The loss of a language model on batches of examples: on replies alone, and computed only where they stand."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from finetune.causal_batches import IGNORED, Batch, padded_batches, tensors_of
from finetune.causal_plan import CausalPlan
from finetune.causal_rows import Example
from rapport.errors import ModelError

if TYPE_CHECKING:
    import torch


class Losses:
    """Computes losses of a model, which may be wrapped for several processes."""

    def __init__(self, model: Any, device: Any, plan: CausalPlan) -> None:
        import torch

        from rapport.models import choose_dtype

        self._model, self._device, self._plan = model, device, plan
        able = torch.cuda.is_bf16_supported() if device.type == "cuda" else choose_dtype("auto") == "bfloat16"
        self._half = plan.precision == "bfloat16" or (plan.precision == "auto" and able)
        plain = getattr(model, "module", model)
        plain = plain.get_base_model() if hasattr(plain, "peft_config") else plain
        self._head = plain.get_output_embeddings()
        if self._head is None:
            raise ModelError(f"{type(plain).__name__} names no head.", hint="Give a causal language model.")

    def total(self, examples: Sequence[Example], batch: Batch) -> "torch.Tensor":
        """The sum of the losses of all learnt tokens of a batch."""
        return self.of_tokens(examples, batch)[0].sum()

    def of_tokens(self, examples: Sequence[Example], batch: Batch) -> "tuple[torch.Tensor, torch.Tensor]":
        """(m,) the losses of all m learnt tokens, row after row, and the (rows, longest) places before them.

        The head, a large part of a small model's work, runs at those places alone.
        """
        import torch

        ids, positions, labels = tensors_of(examples, batch)
        given: dict[str, Any] = {"input_ids": ids.to(self._device), "use_cache": False}
        if positions is not None:
            given["position_ids"] = positions.to(self._device)
        following = torch.nn.functional.pad(labels[:, 1:], (0, 1), value=IGNORED).to(self._device)
        places = following != IGNORED
        with self._only(places), torch.autocast(self._device.type, torch.bfloat16, enabled=self._half):
            logits = self._model(**given).logits
        return torch.nn.functional.cross_entropy(logits.float(), following[places], reduction="none"), places

    @contextmanager
    def _only(self, places: "torch.Tensor") -> Iterator[None]:
        """Within it the head sees the hidden states at these (rows, longest) places alone."""
        handle = self._head.register_forward_pre_hook(lambda _, given: (given[0][places],))
        try:
            yield
        finally:
            handle.remove()

    def mean(self, examples: Sequence[Example]) -> float:
        """The mean loss of a learnt token, without training."""
        import torch

        self._model.eval()
        lengths = [len(example.ids) for example in examples]
        with torch.no_grad():
            sums = [float(self.total(examples, batch))
                    for batch in padded_batches(lengths, self._plan.batch_tokens, seed=0)]  # fmt: skip
        return sum(sums) / sum(example.reply for example in examples)
