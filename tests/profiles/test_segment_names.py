"""Names of segments say what sets them apart, and no two are alike."""

from profiles.segment_names import Standing, names_of


def standing(recency=50.0, frequency=4.0, money=100.0, places=(0.4, 0.5, 0.5)) -> Standing:
    return Standing(
        recency=recency, frequency=frequency, money=money,
        recency_place=places[0], frequency_place=places[1], money_place=places[2],
    )  # fmt: skip


def test_a_name_says_how_often_how_much_and_how_long_ago():
    assert names_of([
        standing(places=(0.1, 0.9, 0.9)),
        standing(frequency=1.0, places=(0.9, 0.2, 0.1)),
        standing(places=(0.6, 0.2, 0.5)),
        standing(),
    ]) == (
        "frequent big spenders, active lately",
        "one-time small spenders, long gone",
        "occasional buyers, quiet for a while",
        "regular buyers",
    )  # fmt: skip


def test_what_the_words_do_not_tell_apart_is_told_by_money_then_days_then_a_number():
    assert names_of([standing(money=1200.0), standing(money=90.0)]) == (
        "regular buyers, about 1,200 each",
        "regular buyers, about 90 each",
    )
    assert names_of([standing(), standing(recency=70.0)]) == (
        "regular buyers, about 100 each, 50 days ago",
        "regular buyers, about 100 each, 70 days ago",
    )
    assert len(set(names_of([standing(), standing()]))) == 2
