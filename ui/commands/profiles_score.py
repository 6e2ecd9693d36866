"""`rapport profiles score`: predict for the customers of a table, or of a home. Each source has a file of its own."""

from rapport.errors import UserError
from ui.commands import profiles_score_home as home_source
from ui.commands import profiles_score_table as table_source
from ui.commands.common import HomeOption, JsonOption, RayOption
from ui.commands.profiles_train_home import AsOfOption


def command(
    table: table_source.TableOption = None, model: table_source.ModelOption = None, out: table_source.OutOption = None,
    drivers: table_source.DriversOption = 0, customer: home_source.CustomerOption = None, as_of: AsOfOption = None,
    ray: RayOption = False, home: HomeOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Predict with what `rapport profiles train` has made: for a --table, else for the customers of the home.

    Made for a nightly run: memory stays bounded.
    """
    if table is None:
        if model is not None or out is not None or drivers:
            raise UserError(
                "--model, --out and --drivers are for a --table.",
                hint="Give --table FILE, or leave them out: the profiles of a home are kept with its records.",
            )
        home_source.score_home(home, customer=customer, as_of=as_of, ray=ray, as_json=as_json)
        return
    if ray:
        raise UserError("--ray scores the customers of a home, not a table.", hint="Leave out --ray or --table.")
    table_source.score_table(
        table_source.TableToScore(table=table, model=model, out=out, drivers=drivers), as_json=as_json
    )
