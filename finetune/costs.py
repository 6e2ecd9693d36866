"""What a classifier costs at inference, in encodings of the shared encoder. Counted from its shape, not timed."""

from finetune.parts import Layers


def costs_of(layers: Layers | None) -> dict[str, float | str]:
    """encodings: how much work a message is beside the pass that the search makes anyway; 1.0 is a second pass."""
    if layers is None:
        return {"encodings": 0.0, "means": "reads the vector that the search needs anyway"}
    own, shared = int(layers.network.top.config.num_hidden_layers), layers.start
    return {
        "encodings": round(own / (own + shared), 2),
        "means": f"runs {own} layers of its own behind {shared} shared",
    }
