"""`rapport profiles score`: predict for the customers of a table. Each source has a file of its own."""

from ui.commands import profiles_score_table as table_source
from ui.commands.common import HomeOption, JsonOption


def command(
    table: table_source.TableOption = None, model: table_source.ModelOption = None, out: table_source.OutOption = None,
    drivers: table_source.DriversOption = 0, home: HomeOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Predict with what `rapport profiles train` has made."""
    from rapport.errors import UserError

    if table is None:
        raise UserError("there is nobody to score.", hint="Give --table FILE.csv --model FOLDER --out FILE.csv")
    table_source.score_table(
        table_source.TableToScore(table=table, model=model, out=out, drivers=drivers), as_json=as_json
    )
