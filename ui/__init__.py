"""Doors: command line, HTTP API and pages. Turns errors into exit codes and HTTP status; decides nothing."""
