"""Negation: which models notice that "not good" is the opposite of "good"?

Source:     none; readers of the documents ask for it.
Claim:      none.
Protocol:   SimpleRNN, LSTM and GRU of the 500-word protocol (weights of the best validation epoch),
            and logistic regressions on words and on words and bigrams of whole reviews, with the
            same vocabulary, all trained on the same reviews. Each model then reads pairs of
            sentences of opposite meaning (experiments/negation_pairs.toml). Two numbers are
            counted: pairs whose positive sentence is the more probable one, and pairs with a
            probability above one half for the positive sentence and not for the other.
Deviations: such sentences are far shorter than reviews.
Expected:   about 4 minutes on one CPU core.
"""

from experiments.common.imdb import ImdbProtocol, ImdbStudy, load_reviews, train_for_study
from harness.experiment import main
from models.cells import CELLS, COMPARED

LINEAR = {"Bag of words": 1, "Bag of words and bigrams": 2}  # longest n-gram


def train(protocol, run):
    import keras
    import numpy as np

    from experiments.common.negation_pairs import encode_pairs, negation_tables, read_kinds
    from harness.training.fit import predict
    from models import imdb
    from models.linear import bag_of_ngrams

    kinds = read_kinds(run.sample)
    pairs = encode_pairs(kinds, run.data_dir, run.sample, protocol.num_words)
    whole = load_reviews(protocol, run, num_words=protocol.num_words, maxlen=None)
    padded = whole.padded(protocol.maxlen)
    ids = keras.utils.pad_sequences(pairs, protocol.maxlen)  # (sentences, maxlen)

    probabilities = {}
    for cell in COMPARED:
        keras.utils.set_random_seed(run.seed)
        model = imdb.recurrent(cell, protocol.num_words, protocol.embedding, protocol.units)
        train_for_study(protocol, run, padded, model, CELLS[cell].title)
        probabilities[CELLS[cell].title] = predict(model, (ids, np.zeros(len(ids))))

    for name, ngrams in LINEAR.items():
        model = bag_of_ngrams(ngrams).fit(*whole.train)
        probabilities[name] = model.predict_proba(pairs)[:, 1]
        print(f"{name}: fitted", flush=True)
    run.finish_study(negation_tables(kinds, probabilities))


EXPERIMENT = ImdbStudy("negation", "Negation", protocol=ImdbProtocol(), train=train)

if __name__ == "__main__":
    main(EXPERIMENT)
