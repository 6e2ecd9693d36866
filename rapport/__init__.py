"""Rapport: a self-hosted conversational customer-service agent that owns its models."""

__version__ = "0.1.0"
