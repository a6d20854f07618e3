"""Runs that left small trained models, as commands find them."""

import keras
import numpy as np
import pytest
from records import fabricate

from harness.records.files import read_json, sha256, write_json
from models import networks
from models.baselines import bag_of_ngrams, save_ngrams

VOCABULARY, MAXLEN = 250, 28


def leave_model(results, name, write, parameters, **config):
    """A record of a run on sample data with the file of its model, whose hash it holds."""
    protocol = {"num_words": VOCABULARY, "maxlen": MAXLEN}
    fields = {"sample": True, "protocol": protocol} | config
    is_network = name != "imdb-linear"
    measured = {"epochs": 3 if is_network else 0, "metrics": {"parameters": parameters}}
    path = fabricate(results, name, config=fields, **measured)
    file = path / ("best.keras" if is_network else "linear.npz")
    write(file)
    metrics = read_json(path / "metrics.json") | {"checkpoint_sha256": sha256(file)}
    write_json(path / "metrics.json", metrics)
    return path


@pytest.fixture
def reviews():
    """The ids of made-up reviews, and whether they are positive."""
    return {(1, 7, 9): True, (1, 7, 8): True, (1, 5, 9): False, (1, 5, 8): False, (1, 7, 5): True}


@pytest.fixture
def results(tmp_path, reviews):
    """A network of Keras's layers, one with a cell of this project, and a linear model."""
    keras.utils.set_random_seed(0)
    made = {
        "imdb-lstm": networks.recurrent_classifier("lstm", VOCABULARY, 4, 4),
        "imdb-lstm-document": networks.recurrent_classifier("lstm-document", VOCABULARY, 4, 4),
    }
    for name, model in made.items():
        leave_model(tmp_path, name, model.save, model.count_params())
    linear = bag_of_ngrams(2).fit(list(reviews), np.array(list(reviews.values()), int))
    size = linear[-1].coef_.size + 1
    protocol = {"num_words": 0, "maxlen": 0}
    leave_model(
        tmp_path, "imdb-linear", lambda file: save_ngrams(linear, file), size, protocol=protocol
    )
    return tmp_path
