"""`rapport profiles score`: predict for the customers of a table, or of a home. Each source has a file of its own."""

from ui.commands import profiles_score_home as home_source
from ui.commands import profiles_score_table as table_source
from ui.commands.common import HomeOption, JsonOption
from ui.commands.profiles_train_home import AsOfOption


def command(
    table: table_source.TableOption = None, model: table_source.ModelOption = None, out: table_source.OutOption = None,
    drivers: table_source.DriversOption = 0, customer: home_source.CustomerOption = None, as_of: AsOfOption = None,
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Predict with what `rapport profiles train` has made: for a --table, else for the customers of the home.

    Made for a nightly run: memory stays bounded.
    """
    if table is None:
        home_source.score_home(home, customer=customer, as_of=as_of, as_json=as_json)
        return
    table_source.score_table(
        table_source.TableToScore(table=table, model=model, out=out, drivers=drivers), as_json=as_json
    )
