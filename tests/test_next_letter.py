"""The words that next-letter is asked to learn."""

import pytest

from experiments.next_letter import different_letters
from harness.errors import RunError


def test_letters_stand_in_the_order_of_their_first_use():
    assert different_letters(["namaskar", "bat"]) == ["n", "a", "m", "s", "k", "r", "b", "t"]
    assert different_letters(["aab"]) == ["a", "b"]


@pytest.mark.parametrize("words", [["aaa"], ["aa", "aaaa"], ["नन"]])
def test_one_letter_alone_leaves_nothing_to_predict(words):
    with pytest.raises(RunError, match="nothing to predict") as raised:
        different_letters(words)
    message = str(raised.value)
    assert message.startswith(f"--word: in {','.join(words)} ")
    assert f"'{words[0][0]}'" in message
