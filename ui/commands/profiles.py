"""`rapport profiles …`: predictors of what customers do, made from the company's own records. One file a verb."""

import typer

from ui.commands import profiles_report, profiles_score, profiles_segments, profiles_show, profiles_train

app = typer.Typer(help="Predict what customers do, and say why.", no_args_is_help=True)
app.command("train")(profiles_train.command)
app.command("score")(profiles_score.command)
app.command("show")(profiles_show.command)
app.command("segments")(profiles_segments.command)
app.command("report")(profiles_report.command)
