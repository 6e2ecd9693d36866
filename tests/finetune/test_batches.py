"""Training batches."""

from finetune.batches import Shared, batches


def test_every_row_comes_once_in_batches_of_like_length():
    lengths = [3 + (row * 7) % 40 for row in range(1000)]
    found = batches(lengths, 16, seed=1)
    assert sorted(row for batch in found for row in batch) == list(range(1000))
    spread = [max(lengths[row] for row in batch) - min(lengths[row] for row in batch) for batch in found]
    assert sum(spread) / len(spread) < 5


def test_the_seed_fixes_the_order():
    lengths = list(range(100))
    assert batches(lengths, 8, seed=1) == batches(lengths, 8, seed=1)
    assert batches(lengths, 8, seed=1) != batches(lengths, 8, seed=2)


def test_kept_states_come_back_padded_with_their_mask(torch):
    states = torch.arange(10, dtype=torch.float32).reshape(5, 2)  # three texts of 2, 1 and 2 tokens
    rows, mask = Shared(states, [2, 1, 2]).padded([2, 1])
    assert rows.tolist() == [[[6.0, 7.0], [8.0, 9.0]], [[4.0, 5.0], [0.0, 0.0]]]
    assert mask.tolist() == [[1, 1], [1, 0]]
