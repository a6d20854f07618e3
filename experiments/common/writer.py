"""What the network of `text-generation` writes after each round."""

import keras
import numpy as np

from models.text import continue_text

TEMPERATURES = (0, 0.5, 1)


class Writer(keras.callbacks.Callback):
    """Lets the network continue a window of the text after each epoch.

    Args:
        corpus: the text.
        begin: where the held-out tail begins; windows end before it.
        window: characters of a window.
        length: characters that the network adds.
        seed: of the windows and characters that are drawn.

    Attributes:
        written: by round and temperature.
    """

    def __init__(self, corpus, begin: int, window: int, length: int, seed: int):
        super().__init__()
        self.corpus, self.begin, self.window, self.length = corpus, begin, window, length
        self.rng = np.random.default_rng(seed)
        self.written: dict[str, str] = {}

    def on_epoch_end(self, epoch, logs=None):
        start = int(self.rng.integers(self.begin - self.window))
        prompt = self.corpus.text[start : start + self.window]
        for temperature in TEMPERATURES:
            # The record keeps the place of the window, but nothing of the text.
            name = f"round {epoch + 1}, from {start:,}, temperature {temperature}"
            self.written[name] = continue_text(
                self.model,
                self.corpus.characters,
                prompt,
                length=self.length,
                temperature=temperature,
                rng=self.rng,
                window=self.window,
            )

    def state(self) -> tuple[dict, list[np.ndarray]]:
        """What a checkpoint keeps."""
        return {"written": self.written, "generator": self.rng.bit_generator.state}, []

    def restore(self, values: dict, arrays: list[np.ndarray]) -> None:
        """Takes up what `state` gave in the process that died."""
        self.written, self.rng.bit_generator.state = values["written"], values["generator"]
