"""The colours of the pages: enough contrast to read, in light and in dark."""

import re

import pytest

from ui.pages import STATIC

PAIRS = (
    ("ink", "paper"), ("ink", "surface"), ("muted", "paper"), ("muted", "surface"), ("accent", "paper"),
    ("accent", "surface"), ("on-accent", "accent"), ("on-accent", "accent-strong"), ("accent-strong", "accent-soft"),
    ("warn", "paper"), ("warn", "warn-soft"), ("ink", "warn-soft"), ("bad", "bad-soft"), ("bad", "surface"),
)  # fmt: skip


def palette(dark: bool) -> dict[str, str]:
    css = (STATIC / "theme.css").read_text()
    light, _, night = css.partition("@media")
    colours = dict(re.findall(r"--r-([a-z-]+): (#[0-9a-f]{6})", light))
    return colours | dict(re.findall(r"--r-([a-z-]+): (#[0-9a-f]{6})", night)) if dark else colours


def luminance(colour: str) -> float:
    """Relative luminance, 0-1. Source: WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_black_on_white_has_the_contrast_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("pair", PAIRS, ids=" on ".join)
def test_text_can_be_read(pair, dark):
    colours = palette(dark)
    assert contrast(colours[pair[0]], colours[pair[1]]) >= 4.5


def test_no_style_or_script_names_another_host():
    for file in STATIC.iterdir():
        text = file.read_text().replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text
        assert "https://" not in text
