"""Measures everything below; decides nothing."""
