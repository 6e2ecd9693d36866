"""Where a net trains, and in which number format: one choice a process, so that several nets may train in it."""

from typing import Any

from rapport.models import choose_dtype


def accelerator_for(*, half: bool) -> Any:
    """An `Accelerator`. half: whether the net computes in bfloat16 where the machine is quicker in it, else in float32.

    accelerate takes one format a process and refuses another; so every net asks for the machine's, and one that does
    not want it turns it off for itself.
    """
    import torch
    from accelerate import Accelerator
    from accelerate.utils import AutocastKwargs

    quicker = torch.cuda.is_available() or choose_dtype("auto") == "bfloat16"
    return Accelerator(
        mixed_precision="bf16" if quicker else "no", kwargs_handlers=[AutocastKwargs(enabled=half and quicker)]
    )
