"""One trained recurrent network on reviews of any length, beside a feed-forward one.

Source:     simple-rnn-blog (claim any-length), noobs-guide (the feed-forward alternative)
Claim:      one recurrent network processes sequences of any length; a feed-forward network needs
            padding or truncation to one length.
Protocol:   the LSTM and the dense network of the 500-word protocol, each trained once on reviews of
            500 words, weights of the best validation epoch; then the same weights on the test
            reviews at their own length, in batches of equal length without padding, and padded or
            truncated to other lengths.
Deviations: the documents state it and measure nothing.
Expected:   about 6 minutes on one CPU core.
"""

from experiments.common.imdb import ImdbProtocol, ImdbStudy, load_reviews, train_for_study
from harness.experiment import main

OWN = "own length"


def train(protocol, run):
    import keras

    from experiments.common.review_lengths import accuracy_at, accuracy_at_own_length, lengths
    from harness.records.study_outputs import Table
    from models import imdb

    whole = load_reviews(protocol, run, num_words=protocol.num_words, maxlen=None)
    padded = whole.padded(protocol.maxlen)
    sizes = (protocol.num_words, protocol.embedding, protocol.units)
    networks = {
        "LSTM": lambda: imdb.recurrent("lstm", *sizes),
        "Dense on the padded review": lambda: imdb.dense(*sizes, protocol.maxlen),
    }
    rows = {}
    for name, build in networks.items():
        keras.utils.set_random_seed(run.seed)
        model = build()
        train_for_study(protocol, run, padded, model, name)
        # There are a thousand lengths; compiling for each would take longer than reading them.
        model.compile(loss="binary_crossentropy", metrics=["accuracy"], jit_compile=False)
        own = accuracy_at_own_length(model, *whole.test) if model.input_shape[1] is None else None
        at = {n: accuracy_at(model, *whole.test, n) for n in lengths(protocol.maxlen)}
        gain = None if own is None else own - at[protocol.maxlen]
        rows[name] = [own, *at.values(), gain]
    columns = [OWN, *(f"{n:,} words" for n in at), f"{OWN} less {protocol.maxlen:,} words"]
    title = f"Test accuracy of weights trained on {protocol.maxlen:,} words"
    run.finish_study([Table(title, columns, rows)])


EXPERIMENT = ImdbStudy("any-length", "Any length", protocol=ImdbProtocol(), train=train)

if __name__ == "__main__":
    main(EXPERIMENT)
