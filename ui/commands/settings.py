"""`rapport settings`: what is in force, what it means, and changing it."""

from typing import Annotated, Any

import typer

from rapport.paths import find_home
from rapport.settings import Explained, change_setting, explain, load_settings
from ui.commands.common import HomeOption, JsonOption, console, emit


def command(
    name: Annotated[str | None, typer.Argument(help="A setting to change or show, such as server.port.")] = None,
    value: Annotated[str | None, typer.Argument(help="Its new value.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show every setting with its meaning; with NAME VALUE, change one."""
    place = find_home(home)
    if name and value is not None:
        settings = change_setting(place.create(), name, value)
    else:
        settings = load_settings(place)
    rows = [row for row in explain(settings) if name is None or row.name.startswith(name)]
    if not rows:
        from rapport.errors import SettingsError

        raise SettingsError(f"there is no setting '{name}'.", hint="See: rapport settings")
    emit({row.name: _shown(row) for row in rows}, as_json, lambda _: _render(rows))


def _shown(row: Explained) -> Any:
    return "(set)" if row.secret and row.value else row.value


def _render(rows: list[Explained]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table("setting", "value", "what it does", box=None, padding=(0, 2, 0, 0))
    for row in rows:
        changed = row.value != row.default
        table.add_row(row.name, Text(str(_shown(row)), style="bold" if changed else ""), row.help)
    console().print(table)
