"""Sequences for the recall task: one symbol among many fillers."""

import numpy as np


def recall_sequences(
    rng: np.random.Generator, distances: np.ndarray, timesteps: int, symbols: int, fillers: int
) -> tuple[np.ndarray, np.ndarray]:
    """Sequences with one symbol, which is to be remembered to the end; all other ids are fillers.

    Args:
        rng: generator of everything random.
        distances: steps from each sequence's symbol to its end, shape (sequences,).
        timesteps: inputs of a sequence, more than any distance.
        symbols: number of symbols; their ids are 0 to `symbols` - 1.
        fillers: number of fillers, whose ids follow; they are drawn independently of the symbol.

    Returns:
        Ids, int32 of shape (sequences, timesteps), and the symbols, int32 of shape (sequences,).
    """
    count = len(distances)
    ids = rng.integers(symbols, symbols + fillers, (count, timesteps), dtype=np.int32)
    answers = rng.integers(symbols, size=count, dtype=np.int32)
    ids[np.arange(count), timesteps - 1 - distances] = answers
    return ids, answers
