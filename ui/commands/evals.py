"""`rapport eval …`: the measurements, one file each."""

import typer

from ui.commands import (
    eval_classifiers,
    eval_decisions,
    eval_drift,
    eval_escalation,
    eval_labelling,
    eval_orders,
    eval_profiles,
    eval_replies,
    eval_retrieval,
    eval_safety,
    eval_speed,
    eval_tuning,
)

app = typer.Typer(help="Measure the parts; exits 1 where a bound is missed.", no_args_is_help=True)
app.command("intents")(eval_classifiers.intents)
app.command("sentiment")(eval_classifiers.sentiment)
app.command("escalation")(eval_escalation.command)
app.command("decisions")(eval_decisions.command)
app.command("drift")(eval_drift.command)
app.command("labelling")(eval_labelling.command)
app.command("orders")(eval_orders.command)
app.command("profiles")(eval_profiles.command)
app.command("replies")(eval_replies.command)
app.command("retrieval")(eval_retrieval.command)
app.command("safety")(eval_safety.command)
app.command("speed")(eval_speed.command)
app.command("tuning")(eval_tuning.command)
