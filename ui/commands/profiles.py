"""`rapport profiles …`: predictors of what customers do, made from the company's own records. One file a verb."""

import typer

from ui.commands import (
    profiles_alike,
    profiles_forecast,
    profiles_recommend,
    profiles_report,
    profiles_score,
    profiles_segments,
    profiles_show,
    profiles_synthesise,
    profiles_train,
)

app = typer.Typer(help="Predict what customers do, and say why.", no_args_is_help=True)
app.command("train")(profiles_train.command)
app.command("score")(profiles_score.command)
app.command("show")(profiles_show.command)
app.command("recommend")(profiles_recommend.command)
app.command("segments")(profiles_segments.command)
app.command("alike")(profiles_alike.command)
app.command("forecast")(profiles_forecast.command)
app.command("synthesise")(profiles_synthesise.command)
app.command("report")(profiles_report.command)
