"""`rapport profiles train`: learn from a table, from a file of purchases, or from the records of a home.

Each source has a file of its own, with its options and what is done with them: `profiles_train_table`,
`profiles_train_purchases`, `profiles_train_home`.
"""

from typing import Annotated

import typer

from ui.commands import profiles_train_home as home_source
from ui.commands import profiles_train_purchases as purchases_source
from ui.commands import profiles_train_table as table_source
from ui.commands.common import HomeOption, JsonOption


def command(
    table: table_source.TableOption = None, target: table_source.TargetOption = None,
    id_column: table_source.IdOption = None, positive: table_source.PositiveOption = None,
    folds: table_source.FoldsOption = 5, backend: table_source.BackendOption = "net",
    groups: table_source.GroupsOption = None, into: table_source.IntoOption = None,
    transactions: purchases_source.TransactionsOption = None, cutoff: purchases_source.CutoffOption = None,
    horizon: purchases_source.HorizonOption = None, map: purchases_source.MapOption = None,
    rate: purchases_source.RateOption = None,
    name: home_source.NameOption = "profiles", as_of: home_source.AsOfOption = None,
    use: home_source.UseOption = True, seed: Annotated[int, typer.Option(help="Of everything random.")] = 42,
    home: HomeOption = None, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Train predictors of what customers do.

    From --table, a CSV file of customers, one of whose columns is what to predict; from --transactions, a file of
    purchases; else from the records of the home.
    """
    from rapport.errors import UserError

    if table is not None and transactions is not None:
        raise UserError("--table and --transactions are two sources.", hint="Give one of them at a time.")
    if table is not None:
        table_source.train_table(table_source.TableAsked(
            table=table, target=target or "", id_column=id_column or "", positive=positive or "", folds=folds,
            backend=backend, groups=groups or "", into=into, seed=seed,
        ), as_json=as_json)  # fmt: skip
    elif transactions is not None:
        purchases_source.train_purchases(purchases_source.PurchasesAsked(
            transactions=transactions, cutoff=cutoff or "", horizon=horizon, mapping=tuple(map or ()),
            rates=tuple(rate or ()), into=into, seed=seed,
        ), as_json=as_json)  # fmt: skip
    else:
        home_source.train_home(home, (name, as_of, use), seed=seed, as_json=as_json)
