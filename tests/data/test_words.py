"""The words that are to be learnt letter by letter."""

import pytest

from data.errors import DataError
from data.words import LONGEST, different_letters, different_words


def test_letters_stand_in_the_order_of_their_first_use():
    assert different_letters(["namaskar", "bat"]) == ["n", "a", "m", "s", "k", "r", "b", "t"]
    assert different_letters(["aab"]) == ["a", "b"]


@pytest.mark.parametrize("words", [["aaa"], ["aa", "aaaa"], ["नन"]])
def test_one_letter_alone_leaves_nothing_to_predict(words):
    with pytest.raises(DataError, match="nothing to predict") as raised:
        different_letters(words)
    message = str(raised.value)
    assert message.startswith(f"--word: in {','.join(words)} ")
    assert f"'{words[0][0]}'" in message


def test_a_very_long_word_is_refused_in_a_short_message():
    assert different_words("ab" * (LONGEST // 2)) == ["ab" * (LONGEST // 2)]
    with pytest.raises(DataError, match="has 3,000 letters") as raised:
        different_words("ab" * 1500)
    assert len(str(raised.value)) < 120
