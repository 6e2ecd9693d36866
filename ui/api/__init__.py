"""The HTTP API: routes, errors, limits and the service that they and the pages share."""
