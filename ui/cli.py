"""The command line `rapport`: registers the verbs and turns errors into exit codes.

0 done, 1 a check failed or the data is wrong, 2 wrong use. With --json an error is a JSON object as well.
"""

import gc
import sys
from typing import Annotated

import typer

from rapport import __version__
from rapport.errors import RapportError, UserError
from ui.commands import (
    ask,
    chat,
    doctor,
    explain,
    import_,
    index,
    init,
    models,
    predict,
    profiles,
    serve,
    settings,
    tickets,
    train,
    train_escalation,
    train_preference,
    train_reply,
    train_starter,
)  # fmt: skip
from ui.commands.common import as_json_error
from ui.commands.evals import app as evals

app = typer.Typer(
    name="rapport",
    help="A self-hosted conversational customer-service agent that owns its models.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rapport {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """A self-hosted conversational customer-service agent that owns its models."""


app.command("init")(init.command)
app.command("import")(import_.command)
app.add_typer(index.app, name="index")
app.command("ask")(ask.command)
app.command("chat")(chat.command)
app.command("serve")(serve.command)
app.add_typer(tickets.app, name="tickets")
app.add_typer(profiles.app, name="profiles")
train.app.command("escalation")(train_escalation.command)
train.app.command("preference")(train_preference.command)
train.app.command("reply")(train_reply.command)
train.app.command("starter")(train_starter.command)
app.add_typer(train.app, name="train")
app.command("predict")(predict.command)
app.command("explain")(explain.command)
app.add_typer(evals, name="eval")
app.add_typer(models.app, name="models")
app.command("settings")(settings.command)
app.command("doctor")(doctor.command)


def main() -> None:
    """Run one verb and exit: the entry point of the console script."""
    # Nearly all that is made while the libraries load stays. Looking through it again and again for garbage, and once
    # more at the end, costs a second.
    gc.set_threshold(50_000, 20, 20)
    code = run(sys.argv[1:])
    gc.freeze()
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run one verb. Returns the exit code."""
    try:
        app(arguments)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except RapportError as error:
        _report(error, as_json="--json" in arguments)
        return 2 if isinstance(error, UserError) else 1
    return 0


def _report(error: RapportError, *, as_json: bool) -> None:
    if as_json:
        typer.echo(as_json_error(error))
    typer.echo(f"rapport: {error}", err=True)


if __name__ == "__main__":
    main()
