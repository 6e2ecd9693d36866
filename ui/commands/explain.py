"""`rapport explain TEXT`: which words made a model say what it says."""

from typing import TYPE_CHECKING, Annotated

import typer

from ui.commands.common import HomeOption, JsonOption, console, emit

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from rapport.explain import Explanation, WordWeight

LISTED = 20  # words in the table; of a longer text those that weigh most
BAR = 16  # characters of the longest bar
FOR, AGAINST = (86, 180, 233), (230, 159, 0)  # blue and orange of Okabe and Ito, told apart by the colour-blind too


def command(
    text: Annotated[str, typer.Argument(help="What a customer writes.")],
    task: Annotated[str, typer.Option(help="intent or sentiment.")] = "intent",
    model: Annotated[str | None, typer.Option(help="Name of a model; default: the one in use.")] = None,
    label: Annotated[str | None, typer.Option(help="Label to explain; default: the one that the model gives.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show which words of a text speak for a label, and which against it."""
    from rapport.errors import SettingsError
    from rapport.explain import Explainer
    from rapport.registry import ROLES
    from ui.commands.models_at import classifier_at

    if task not in ROLES:
        raise SettingsError(f"'{task}' is not known.", hint=f"Give one of: {', '.join(ROLES)}.")
    found = classifier_at(home, task, model)
    explanation = Explainer(found.encoder, found.classifier).explain(text, label=label)
    emit(explanation.as_json(), as_json, lambda _: _render(text, explanation))


def _render(text: str, explanation: "Explanation") -> None:
    out = console()
    out.print(f"{explanation.label} ({explanation.probability:.2f}) against {explanation.against}", markup=False)
    out.print()
    out.print(_marked(text, explanation.words))
    out.print()
    out.print(_table(explanation))
    if explanation.unread:
        read = len(explanation.words) - explanation.unread
        out.print(f"The encoder reads the first {read:,} words; the others count by their letters alone.")
    odds = explanation.blank + explanation.total
    out.print(f"log-odds {odds:+.2f}: words {explanation.total:+.2f}, without any {explanation.blank:+.2f} "
              "(0.7 doubles the odds)", style="dim")  # fmt: skip


def _marked(text: str, words: "tuple[WordWeight, ...]") -> "Text":
    """The text as it was written, each word coloured by its weight."""
    from rich.text import Text

    marked, most = Text(text), _most(words)
    for word in words:
        share = abs(word.weight) / most
        if share >= 0.1:
            colour = FOR if word.weight > 0 else AGAINST
            shade = ",".join(str(round(255 - share * (255 - part))) for part in colour)
            marked.stylize(f"black on rgb({shade})", word.start, word.end)
    return marked


def _table(explanation: "Explanation") -> "Table":
    """The words in their order with their weights as bars, to the left against the label and to the right for it."""
    from rich.table import Table
    from rich.text import Text

    table = Table("word", "weight", f"{'against':>{BAR}} │ for", box=None, padding=(0, 2, 0, 0))
    table.columns[1].justify = "right"
    heaviest = sorted(explanation.words, key=lambda word: -abs(word.weight))
    for word in sorted(heaviest[:LISTED], key=lambda word: word.start):
        table.add_row(Text(word.word), f"{word.weight:+.2f}", _bar(word.weight, _most(explanation.words)))
    if rest := heaviest[LISTED:]:
        together = sum(word.weight for word in rest)
        table.add_row(f"{len(rest):,} other words", f"{together:+.2f}", _bar(0.0, 1.0))
    return table


def _bar(weight: float, most: float) -> str:
    filled = "█" * round(BAR * abs(weight) / most)
    return f"{'' if weight > 0 else filled:>{BAR}} │ {filled if weight > 0 else ''}"


def _most(words: "tuple[WordWeight, ...]") -> float:
    return max(abs(word.weight) for word in words) or 1.0
