"""Every error that Rapport raises on purpose. Knows nothing of exit codes or HTTP; `ui` translates.

RapportError
├── UserError     the person can mend it
│   ├── SettingsError    a setting is missing, misspelt or out of range
│   ├── MissingPackage   an optional package is not installed
│   ├── NotFound         the thing named does not exist, or the asker may not know that it does
│   └── Refused          the request is understood and not allowed
├── DataError     a record or an artifact is wrong
│   ├── BadRow           one row of an import cannot become a record
│   ├── IndexMismatch    the index was built with another encoder, version or database
│   └── CorruptArtifact  a file of an artifact is damaged, missing or not what its card says
└── ModelError    a model failed or answered unusably

Every message says what, which value, and what to do.
"""

__all__ = [
    "BadRow",
    "CorruptArtifact",
    "DataError",
    "IndexMismatch",
    "MissingPackage",
    "ModelError",
    "NotFound",
    "RapportError",
    "Refused",
    "SettingsError",
    "UserError",
]


class RapportError(Exception):
    """Root of the tree. `hint` says what to do about it; it may be empty."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UserError(RapportError):
    """The person at the keyboard or behind the request can mend it."""


class SettingsError(UserError):
    """A setting is missing, misspelt or out of range."""


class MissingPackage(UserError):
    """An optional package is needed and not installed."""


class NotFound(UserError):
    """The thing named does not exist, or the asker may not know whether it does."""


class Refused(UserError):
    """The request is understood and not allowed."""


class DataError(RapportError):
    """A record or an artifact is wrong."""


class BadRow(DataError):
    """One row of an import cannot become a record."""


class IndexMismatch(DataError):
    """The index was built with another encoder, version or database."""


class CorruptArtifact(DataError):
    """A file of an artifact is damaged, missing or not what its card says."""


class ModelError(RapportError):
    """A model failed or answered unusably."""
