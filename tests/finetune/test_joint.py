"""Messages that ask for two things are made up of others, and what learns from them finds such messages."""

from finetune.examples import Labelled
from finetune.fitting import fit_classifier
from finetune.joint import MADE_UP, in_order, joint_rows
from finetune.labelled_files import read_labelled
from finetune.plan import TrainingPlan
from finetune.tuning import Unwatched
from finetune.vectors import VectorCache
from rapport.doubles import HashingEncoder
from rapport.heads import BOTH

BALANCE = ("what is my balance", "how much money do I have", "show the balance", "tell me what is left on it")
CARD = ("my card is lost", "somebody stole the card", "I cannot find my card", "block the card that I lost")
ADDRESS = ("I moved, change my address", "here is the new street", "update the address", "my house number is wrong")
PAIR = f"balance{BOTH}card"


def rows():
    texts = {"balance": BALANCE, "card": CARD, "address": ADDRESS}
    single = [Labelled(text, label) for label, said in texts.items() for text in said for _ in range(2)]
    return [*single, Labelled("block the lost card and tell me the balance", PAIR)]


def test_a_joint_label_has_its_parts_in_order():
    assert in_order("card + balance") == "balance + card"
    assert in_order("c++ questions") == "c++ questions"


def test_a_file_may_name_the_two_labels_in_any_order(tmp_path):
    table = tmp_path / "rows.csv"
    table.write_text("text,label\nblock it and what is left,card + balance\nmy card,card\n", encoding="utf-8")
    assert [row.label for row in read_labelled(table).rows] == [PAIR, "card"]


def test_made_up_messages_hold_one_message_of_each_part():
    vectors = VectorCache(HashingEncoder())
    made = joint_rows(vectors.of(rows()), vectors, seed=1)
    assert len(made) == MADE_UP
    assert set(made.labels) == {PAIR}
    for text in made.texts:
        assert sum(part in text for part in BALANCE) == 1
        assert sum(part in text for part in CARD) == 1
    assert made.texts == joint_rows(vectors.of(rows()), vectors, seed=1).texts


def test_nothing_is_made_up_where_a_part_is_no_label_of_its_own():
    vectors = VectorCache(HashingEncoder())
    alone = [Labelled("block it and tell me the balance", f"balance{BOTH}fraud"), *rows()[:-1]]
    assert len(joint_rows(vectors.of(alone), vectors, seed=1)) == 0


def test_what_learnt_one_such_row_finds_others(encoder, tmp_path):
    plan = TrainingPlan(method="head", strange=0.0)
    head = fit_classifier(rows(), (), VectorCache(encoder), plan, folder=tmp_path, watch=Unwatched()).head
    texts = ["I lost my card. How much money do I have?", "how much money do I have", "I lost my card"]
    said = head.predict(encoder.encode(texts), texts)
    assert [said.best(row)[0] for row in range(3)] == [PAIR, "balance", "card"]
