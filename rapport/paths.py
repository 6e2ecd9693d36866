"""Where a company's data lives. Makes folders; reads and writes no file."""

import os
from dataclasses import dataclass
from pathlib import Path

from rapport.errors import SettingsError

HOME_VARIABLE = "RAPPORT_HOME"
PUBLIC_DATA_VARIABLE = "RAPPORT_PUBLIC_DATA"


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of one company: settings, records, indexes, models and runs."""

    root: Path

    @property
    def settings_file(self) -> Path:
        return self.root / "rapport.toml"

    @property
    def database_file(self) -> Path:
        return self.root / "crm.sqlite3"

    @property
    def current_file(self) -> Path:
        return self.root / "current.json"

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def indexes(self) -> Path:
        return self.root / "index"

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def rejects(self) -> Path:
        return self.root / "rejects"

    def create(self) -> "Home":
        """Make the folders, readable by their owner alone. Raises SettingsError where the place cannot be written."""
        try:
            self.root.parent.mkdir(parents=True, exist_ok=True)
            self.root.mkdir(mode=0o700, exist_ok=True)
            for folder in (self.models, self.indexes, self.runs, self.rejects):
                folder.mkdir(parents=True, exist_ok=True)
            probe = self.root / ".writable"
            probe.touch()
            probe.unlink(missing_ok=True)  # another process may try the same
        except OSError as error:
            raise SettingsError(
                f"the home {self.root} cannot be written ({error.strerror}).",
                hint=f"Give another with --home or {HOME_VARIABLE}, or change the folder's permissions.",
            ) from error
        return self


def find_home(given: str | Path | None = None) -> Home:
    """The home named on the command line, else in RAPPORT_HOME, else the platform's user data folder."""
    if given:
        return Home(Path(given).expanduser().absolute())
    if variable := os.environ.get(HOME_VARIABLE):
        return Home(Path(variable).expanduser().absolute())
    from platformdirs import user_data_path

    return Home(user_data_path("rapport", appauthor=False))


def public_data(name: str) -> Path | None:
    """The folder of a public data set under RAPPORT_PUBLIC_DATA, or None where it is not present."""
    root = os.environ.get(PUBLIC_DATA_VARIABLE)
    if not root:
        return None
    folder = Path(root) / name
    return folder if folder.is_dir() else None
