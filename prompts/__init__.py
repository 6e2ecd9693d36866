"""Every word that is sent to a customer or a model."""
