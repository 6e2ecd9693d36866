"""The starter: the reply model that needs no download. Made from a grammar of our own; it writes slots, not values."""
