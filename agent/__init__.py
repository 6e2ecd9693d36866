"""Answers one turn of a conversation: understand, know, decide, act, compose, write, check, log."""
