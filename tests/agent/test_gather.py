"""Messages are gathered into one turn, and the wait for more always ends."""

from rapport.types import Viewer


class Door:
    """Hands out the texts that come while it waits, one a wait."""

    def __init__(self, shop, id, *texts: str) -> None:
        self.shop, self.id, self.texts = shop, id, list(texts)
        self.waits = 0
        self.settled = None

    def wait(self) -> None:
        self.waits += 1
        if self.texts:
            self.shop.store.receive(self.id, self.texts.pop(0), at=self.shop.clock())

    def settle(self, ids) -> bool:
        self.settled = ids
        return True


def answer(shop, first: str, *later: str):
    """The door and the turn of a message, with what comes behind it."""
    id = shop.store.create_conversation(channel="test", viewer=Viewer(), at=shop.clock()).id
    shop.store.receive(id, first, at=shop.clock())
    door = Door(shop, id, *later)
    turns = [event.turn for event in shop.agent.respond(id, gathering=door) if type(event).__name__ == "Finished"]
    assert len(turns) == 1
    return door, turns[0]


def test_what_comes_during_the_wait_is_read_with_it(shop):
    door, turn = answer(shop, "hi", "how do I return an item?")
    assert (door.waits, len(turn.messages)) == (1, 2)
    assert "[1]" in turn.reply.text
    assert door.settled == {message.id for message in turn.messages}


def test_a_finished_message_is_answered_at_once(shop):
    door, turn = answer(shop, "how do I return an item?")
    assert (door.waits, len(turn.messages)) == (0, 1)


def test_silence_ends_the_wait(shop):
    door, turn = answer(shop, "hi")
    assert (door.waits, len(turn.messages)) == (1, 1)
    assert turn.reply.text


def test_the_wait_starts_anew_at_most_twice(shop):
    door, turn = answer(shop, "hi", "so I", "and the", "with a", "for my")
    assert (door.waits, len(turn.messages)) == (3, 4)


def test_without_a_door_that_waits_nothing_is_waited_for(shop):
    (turn,) = shop.talk("hi")
    assert turn.understanding.finished < 0.3
    assert turn.reply.text
