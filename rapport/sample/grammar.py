"""Turn a phrase template into a message. [a|b|] chooses one of its parts, {slot} is filled, and noise makes it human.

A template is one family: all that is rendered from it belongs to one split, so a held-out phrasing was never seen.
"""

import re
from collections.abc import Callable, Mapping
from random import Random

from rapport.sample.data_files import table, toml

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{([a-z_]+)\}")
_NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "k": "jl",
    "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "r": "et", "s": "ad", "t": "ry", "u": "yi", "v": "cb",
    "y": "tu",
}  # fmt: skip


def varies(template: str) -> bool:
    """Whether the template has slots or choices, so that it can be rendered in more than one way."""
    return "[" in template or "{" in template


def render(random: Random, template: str, values: Mapping[str, str] | None = None) -> str:
    """Fill a template. `values` are used before the general fillers; a slot that nothing fills raises KeyError."""
    template = chosen(random, template)
    given = values or {}
    text = _SLOT.sub(lambda slot: given[slot[1]] if slot[1] in given else fill(random, slot[1]), template)
    return re.sub(r" {2,}", " ", re.sub(r" +([?.!,;])", r"\1", text)).strip()


def chosen(random: Random, template: str) -> str:
    """The template with one part of each [a|b|]."""
    while (found := _CHOICE.search(template)) is not None:
        template = template[: found.start()] + random.choice(found.group(1).split("|")) + template[found.end() :]
    return template


def fill(random: Random, slot: str) -> str:
    """An invented value for a slot."""
    if slot in _MADE:
        return _MADE[slot](random)
    return str(random.choice(toml("fillers")[slot]))


def number_form(random: Random, number: str) -> str:
    """An order number such as LF-204817 the way people write it."""
    digits = number.removeprefix("LF-")
    forms = (
        number,
        f"#{number}",
        f"LF{digits}",
        f"lf {digits}",
        f"#{digits}",
        f"lf-{digits}",
        f"LF - {digits}",
        number,
    )
    return random.choice(forms)


def with_noise(random: Random, text: str, *, level: float) -> str:
    """The text as typed in a hurry. level: 0 leaves it alone, 1 touches nearly every message."""
    if random.random() < level * 0.55:
        text = text.lower()
    if random.random() < level * 0.5:
        text = text.rstrip(".?!")
    if random.random() < level * 0.25:
        text = text.replace("'", "")
    if random.random() < level * 0.12:
        text = text.upper()
    if len(text) > 14 and random.random() < level * 0.45:
        for _ in range(random.choice([1, 1, 2])):
            text = _typo(random, text)
    if random.random() < level * 0.12:
        text += random.choice(["??", "!!", "...", " ?", "!", " pls", " plz", " thx"])
    return text


def _typo(random: Random, text: str) -> str:
    at = random.randrange(1, len(text) - 1)
    # Digits and marks stay: an order number with a typo would be another order.
    if not (text[at].isalpha() and text[at + 1].isalpha()):
        return text
    kind = random.randrange(4)
    if kind == 0:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if kind == 1:
        return text[:at] + text[at + 1 :]
    if kind == 2:
        return text[:at] + text[at] + text[at:]
    return text[:at] + random.choice(_NEIGHBOURS.get(text[at].lower(), text[at])) + text[at + 1 :]


def _order(random: Random) -> str:
    if random.random() < 0.5:
        return number_form(random, f"LF-{random.randint(203_200, 216_800)}")
    seven, five = random.randint(10**6, 10**7 - 1), random.randint(10_000, 99_999)
    return random.choice((f"#W{seven}", f"W{seven}", f"#{seven}", f"#{five}", f"{five}-{seven % 1000}", f"#w{seven}"))


def _item(random: Random) -> str:
    chance = random.random()
    if chance < 0.4:
        return fill(random, "any_thing")
    return fill(random, "one_thing") if chance < 0.7 else fill(random, "product")


def _product(random: Random) -> str:
    return random.choice(table("products"))["name"]


def _email(random: Random) -> str:
    names = toml("people")["names"][random.choice(("british", "dutch", "polish", "indian", "british"))]
    first = random.choice(names["first"]).lower()
    last = random.choice(names["last"]).lower().replace(" ", "").replace("'", "")
    return f"{first}{random.choice(('.', '_', ''))}{last}{random.choice(('', '', '84'))}@{random.choice(_HOSTS)}"


def _name(random: Random) -> str:
    names = toml("people")["names"][random.choice(list(toml("people")["names"]))]
    return f"{random.choice(names['first'])} {random.choice(names['last'])}"


def _postcode(random: Random) -> str:
    digits = f"{random.randint(10_000, 99_999)}"
    return random.choice((digits, digits, f"{digits[:4]} KL", f"{digits[:4]}ab", f"BS{digits[0]} {digits[1]}QT"))


def _with_article(noun: str) -> str:
    return f"an {noun}" if noun[:1].lower() in "aeiou" else f"a {noun}"


_HOSTS = ("example.com", "example.org", "mail.example", "post.example")
_MADE: dict[str, Callable[[Random], str]] = {
    "a_item": lambda random: _with_article(_item(random)),
    "a_any_thing": lambda random: _with_article(fill(random, "any_thing")),
    "any_thing_b": lambda random: fill(random, "any_thing"),
    "first_last": lambda random: _name(random).lower().replace(" ", "_") + f"_{random.randint(1000, 9999)}",
    "tail": lambda random: str(random.randint(10**6, 10**7 - 1)),
    "five": lambda random: str(random.randint(10_000, 99_999)),
    "six": lambda random: str(random.randint(100_000, 999_999)),
    "order": _order,
    "item": _item,
    "product": _product,
    "email": _email,
    "name": _name,
    "postcode": _postcode,
    "phone": lambda random: (
        f"+{random.choice((31, 44, 49, 353))} {random.randint(600, 899)} 555 0{random.randint(100, 199)}"
    ),
    "tracking": lambda random: (
        f"{random.choice('HPS')}{random.randint(10**9, 10**10 - 1)}{random.choice(('NL', 'DE', 'IE'))}"
    ),
    "invoice": lambda random: f"INV-2026-{random.randint(1, 2600):05d}",
}
