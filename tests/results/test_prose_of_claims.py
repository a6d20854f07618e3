"""What docs/claims.md and docs/padding.md say is what the records say."""

from statistics import fmean

import pytest
from commands import words
from reference import compared, said, unchanged

from models.cells import CELLS, COMPARED

pytestmark = unchanged


def test_what_the_pages_say_of_the_equations_holds(cell):
    page, table = words("docs/claims.md"), "NumPy loop and Keras layer"
    layers = ("SimpleRNN", "LSTM", "GRU", "GRU, reset before (Keras 2)")
    largest = max(cell("numpy-check", table, layer, "largest difference") for layer in layers)
    assert 5e-7 < largest <= 6e-7
    assert "their outputs differ by at most 6e-7" in page
    old = cell("numpy-check", table, "LSTM of 1997, no forget gate", "largest difference")
    assert f"loop and layer differ by up to {old:.1e}".replace("e-0", "e-") in page
    formulas = "Formulas that differ from Keras's LSTM, with the same weights"
    document = (formulas, "LSTM as the documents write it", "mean difference of the outputs")
    apart = cell("numpy-check", *document)
    assert apart > 0.1
    assert f"the outputs of the two are {apart:.2f} apart" in page


def test_what_the_pages_say_of_gradients_holds(study, judged, cell):
    table = "Gradient with respect to distant words"

    def steps(row, column="halves every (steps)"):
        return cell("gradient-flow", table, row, column)

    assert round(steps("SimpleRNN, before training")) == 35
    assert round(steps("LSTM, before training"), 1) == 4.5
    assert round(steps("GRU, before training"), 1) == 1.5
    after = [round(steps(f"{name}, after training")) for name in ("SimpleRNN", "LSTM", "GRU")]
    assert after == [33, 26, 40]
    page, far = words("docs/claims.md"), "log10 at distance 400, relative to"
    otherwise = f"{table}, before training, gates drawn otherwise"
    drawn = cell("gradient-flow", otherwise, "LSTM, each gate orthogonal", "halves every (steps)")
    assert f"With each part orthogonal the gradient halves every {drawn:.0f} words" in page
    shut = 10 ** cell("gradient-flow", otherwise, "LSTM, forget bias 4", f"{far} the last word")
    assert f"{100 * shut:.0f} % of the gradient is left 400 words back" in page
    runs = study("gradient-flow").table_value(
        otherwise, "LSTM, forget bias 4", f"{far} the last word"
    )
    least, second, *_ = sorted(runs.values)
    assert 10**least == pytest.approx(0.01, abs=0.005)
    assert second > -1
    carry = "Gradient of the last state, an LSTM's carry, with respect to earlier ones"
    left = cell("gradient-flow", carry, "LSTM, after training", f"{far} itself")
    assert left == pytest.approx(-6, abs=0.1)  # "a millionth"
    exploding = "SimpleRNN, recurrent weights × 1.5, before training"
    assert round(steps(exploding, "doubles every (steps)")) == 13
    assert said(judged, "The constant error carousel of 1997") == ["holds"] * 2
    assert said(judged, "Before training LSTM's gradient vanishes") == ["does not hold", "holds"]


def test_what_the_page_of_claims_says_of_recall_holds(study, judged):
    page = words("docs/claims.md")

    def accuracies(how, cell, steps):
        return (
            study("recall")
            .table_value(f"Recall accuracy, trained on {how}", cell, f"{steps} steps")
            .values
        )

    def recalling(*place):
        return sum(value >= 0.5625 for value in accuracies(*place))

    alone, mixed = "this distance alone", "all distances at once"
    near, far = (recalling(alone, "SimpleRNN", steps) for steps in (100, 200))
    assert f"{near} of 15 SimpleRNNs learn to recall over 100 steps, and {far} over 200" in page
    for gated in ("LSTM", "GRU"):
        assert all(max(accuracies(alone, gated, d)) < 0.2 for d in (50, 100, 200, 400))
    assert min(accuracies(mixed, "GRU", 400)) >= 0.87
    lstm, rnn = (recalling(mixed, cell, 400) for cell in ("LSTM", "SimpleRNN"))
    assert f"{lstm} of 15 LSTMs recall over 400 steps" in page
    assert f"sure that most do, and {rnn} of 15 SimpleRNNs" in page
    assert f"their mean is {fmean(sorted(accuracies(mixed, 'SimpleRNN', 400))[:-rnn]):.2f}" in page
    longer = (recalling(mixed, "LSTM", steps) for steps in ("800", "1,600"))
    assert "the LSTM: {} of 15 recall over 800 steps and {} over 1,600".format(*longer) in page
    assert said(judged, "The cell remembers values over") == ["holds", "not decided"]
    expected = {
        '"The last state, it will remember"': "holds",
        '"Bunch of steps ago?': "holds",
        "LSTM does not forget": "not decided",
        "GRU does not forget": "holds",
        "SimpleRNN cannot learn": "does not hold",
        "LSTM can learn": "does not hold",
    }
    assert {start: said(judged, start) for start in expected} == {
        k: [v] for k, v in expected.items()
    }


def test_what_the_page_of_claims_says_of_learning_to_recall_holds(study, judged, cell):
    page = words("docs/claims.md")

    def value(table, row, column):
        return cell("recall-training", table, row, column)

    scaled = "SimpleRNN trained to recall over 50 steps"
    doubled = value(scaled, "sgd, recurrent weights × 2", "accuracy, clipped")
    assert f"clipping does not mend it ({doubled:.2f}; chance is 0.125)" in page
    ways = ("accuracy, clipped", "accuracy, not clipped")
    own, more = (
        [f"{value(scaled, f'sgd, recurrent weights × {n}', way):.2f}" for way in ways]
        for n in (1, 1.5)
    )
    assert "{} with it and {} without".format(*own) in page
    assert "it does: {} with clipping, {} without".format(*more) in page
    assert value(scaled, "adam-keras-2.0, recurrent weights × 1", ways[1]) == 1
    reach = "Recall accuracy, by lags, depth and the steps that the gradient goes back"
    assert value(reach, "SimpleRNN, gradient over 5 steps", "100 steps") == 1
    assert value(reach, "GRU, gradient over 5 steps", "100 steps") > 0.999
    whole = value(reach, "SimpleRNN", "100 steps")
    assert f"with the whole gradient SimpleRNN reaches {whole:.2f}" in page
    two, three = (
        value("What is gained by", f"SimpleRNN, {lags}", "accuracy, mean over the distances")
        for lags in ("h_{t-2}", "h_{t-2} and h_{t-3}")
    )
    assert f"They cost {-two:.2f} and {-three:.2f} of accuracy" in page
    gains = (
        study("recall-training")
        .table_value("What is gained by", "SimpleRNN, h_{t-2}", "accuracy, mean over the distances")
        .values
    )
    assert sum(gain >= 0.05 for gain in gains) == 2
    assert "it helps two runs of ten" in words("docs/verdicts.md")
    streams = "The newest symbol of a stream without resets"
    old, carry = (
        value(streams, "LSTM of 1997, no forget gate", f"{what} after 1,000 steps")
        for what in ("accuracy", "size of the carry")
    )
    today = value(streams, "LSTM", "size of the carry after 1,000 steps")
    assert f"names the newest symbol all the same ({old:.2f})" in page
    assert f"its carry has grown to {carry:.0f}" in page
    assert f"its carry stays at {today:.1f}, and it names" in page
    assert value(streams, "LSTM", "accuracy after 1,000 steps") > 0.99
    expected = {
        "Exploding gradients": ["does not hold", "holds"],
        "Clipping cures": ["holds", "does not hold"],
        "Vanishing gradients make": ["holds", "holds"],
        "The number of unfoldings": ["holds", "does not hold"] * 2,
        "To remember longer": ["does not hold"] * 2,
        "The forget gate lets": ["holds", "holds"],
        "Without a forget gate": ["does not hold", "holds"],
    }
    assert {start: said(judged, start) for start in expected} == expected


def test_what_the_readme_says_of_texts_holds(judged, cell):
    page = words("docs/claims.md")
    saved = [
        abs(cell(label, "Bits a character saved beside counting", row, "bits per character"))
        for label in ("text-generation", "text-generation+text-nietzsche")
        for row in ("trigram", "5-gram")
    ]
    alice, behind, *nietzsche = (f"{value:.2f}" for value in saved)
    assert f"by {alice} bits a character, and worse than a 5-gram model, by {behind}." in page
    assert f"On *Nietzsche* it is {' and '.join(nietzsche)}." in page
    counting = "A SimpleRNN predicts the next letter better than counting "
    assert said(judged, f"{counting}does") == ["does not hold"] * 2
    assert said(judged, f"{counting}triples") == ["holds"] * 2
    letters = "Next letters that are right"
    assert cell("next-letter", letters, "at best, from the last letter", "share") == 5 / 7
    assert cell("next-letter", letters, "SimpleRNN", "share") == 1


def test_what_the_page_of_claims_says_of_networks_holds(judged, row, cell):
    page = words("docs/claims.md")

    def difference(experiment, minus, word):
        return compared(judged, experiment, minus, word).estimate.value

    ahead = difference("imdb-linear+num-words-10000+maxlen-500", "imdb-lstm", "holds")
    assert f"beats it by {ahead:.3f} of accuracy" in page
    behind = difference("imdb-lstm", "imdb-conv", "does not hold")
    assert f"*better* than the LSTM on reviews of 500 words, by {-behind:.4f}" in page
    short = difference("imdb-lstm+maxlen-100", "imdb-conv+maxlen-100", "does not hold")
    assert short == pytest.approx(0, abs=0.001)
    (then,) = (one.measured for one in judged if "0.8498" in one.claim.statement)
    reached = f"{then.estimate.value:.4f} ± {then.groups[0].spread('last_validation').sd:.4f}"
    assert f"if the script's protocol of 2015 is restored: {reached}" in page
    assert f"By that protocol we get {reached}" in words("docs/article.md")
    assert said(judged, '"batch_size is highly sensitive"') == ["does not hold"] * 2
    longer = difference("imdb-conv-lstm+epochs-10", "imdb-conv-lstm", "holds")
    assert f"after ten the network is worse by {-longer:.3f}" in page
    difference("jena-dense", "jena-persistence", "holds")
    ridge = compared(judged, "jena-ridge", "jena-gru", "not decided")
    assert f"are {abs(ridge.estimate.value):.4f} apart. Over seeds" in page
    low, high = ridge.samples_interval
    assert f"from {-low:.3f} ahead to {high:.3f} behind" in page
    dropout = difference("jena-gru-dropout", "jena-gru", "not decided")
    assert f"gets better by {-dropout:.4f}, too little for fifteen seeds to decide" in page
    ends = [
        f"{row(name).spread('last_validation').mean:.3f}"
        for name in ("jena-gru-dropout", "jena-gru")
    ]
    assert "error is {}, and without dropout it is {} after twenty".format(*ends) in page
    assert said(judged, "Dropout regularises the GRU") == ["holds"]
    days = difference("jena-gru+lookback-hours-120+validation-rows-300720", "jena-gru", "holds")
    assert f"does not notice ({days:.4f} apart)" in page
    lstm, rnn = (difference("jena-gru", f"jena-{n}", "holds") for n in ("lstm", "simple-rnn"))
    assert f"LSTM errs by {-lstm:.4f} more, and a SimpleRNN by {-rnn:.4f} more" in page
    rnn, before = (
        row(f"jena-{name}").spread("test_at_best").mean for name in ("simple-rnn", "persistence")
    )
    assert f"at {rnn:.3f}, is still well below persistence, {before:.3f}" in page
    helps, gains = (one for one in judged if one.claim.experiment == "jena-gru-stacked")
    assert (helps.word, gains.word) == ("holds", "not decided")
    gained = -helps.measured.estimate.value
    assert f"Two GRUs with dropout err by {gained:.4f} less than one, five runs a side" in page
    times = said(judged, 'Stacking recurrent layers "most times"')
    assert times == ["holds", "holds", "not decided", "holds"]
    lags = difference("imdb-simple-rnn+lags-3", "imdb-simple-rnn", "not decided")
    assert f"accuracy by {lags:.4f}, which five seeds do not decide" in page
    on_a_par = compared(judged, "imdb-gru", "imdb-lstm", "not decided")
    low, high = on_a_par.interval
    shown = f"{-on_a_par.estimate.value:.4f} ({-high:.4f} to {-low:.4f})"
    assert f"the GRU is behind by {shown}" in page
    stack, dense = (
        difference(f"imdb-{n}", "imdb-simple-rnn", "holds") for n in ("stacked-rnn", "dense")
    )
    assert f"worse than one layer by {-stack:.3f} on average" in page
    assert f"better than SimpleRNN by {dense:.3f}" in page
    (about,) = (one for one in judged if "about 85 %" in one.claim.statement)
    simple, runs = about.measured.estimate, about.claim.seeds
    shown = f"{simple.value:.4f} ± {simple.standard_error * runs**0.5:.4f}"
    assert f"{shown} over the fifteen runs that were fixed" in page
    low, high = simple.interval()
    assert f"interval of its mean, {low:.3f} to {high:.3f}" in page
    share = "share of the pairs whose probability moves the right way"
    for model in ("LSTM", "Bag of words"):
        assert cell("negation", share, model, "good, not good (16)") == 1
        assert cell("negation", share, model, "bad, not bad (16)") == 0
    unigram, bigram = (
        cell("next-word", "Bits a word saved beside counting", model, "bits per word")
        for model in ("unigram", "bigram")
    )
    assert f"saves {unigram:.2f} bits" in page
    assert f"saves {-bigram:.2f} bits more" in page


def test_what_the_page_says_of_padding_holds(study):
    padding = study("padding")
    page, table = words("docs/padding.md"), "Accuracy by the place of the zeros"

    def tested(row):
        return sorted(padding.table_value(table, row, "test at best").values)

    def after(epochs, cell):
        panels = (one for record in padding.records for one in record.outputs)
        curves = (one.series[1].y for one in panels if one.title.startswith(f"{cell}: "))
        return [curve[epochs - 1] for curve in curves]

    assert len(padding.records) == 5
    assert "In none of the five runs" in page
    assert max(tested("SimpleRNN, zeros behind")) < 0.51
    low, *_, high = (f"{value:.2f}" for value in tested("LSTM, zeros behind"))
    assert f"tests at {low} to {high} where a mask" in page
    assert f"brings it to {fmean(tested('LSTM, masked')):.2f}" in page
    assert max(after(2, "LSTM")) < 0.53
    assert min(after(3, "LSTM")) > 0.58
    *others, escaped = tested("GRU, zeros behind")
    assert f"in one run of five ({escaped:.2f}), and the others end at {others[-1]:.2f}" in page


def test_what_the_page_of_claims_says_of_threads_holds(judged, cell):
    page, table = words("docs/claims.md"), "How many times as fast by two threads as by one"

    def gain(network, batch):
        return f"{cell('parallel', table, f'{network}, {batch}', '2,000 timesteps'):.2f}"

    one, many = (
        [gain(name, batch) for name in ("SimpleRNN", "Conv1D")]
        for batch in ("one sequence", "128 sequences")
    )
    assert f"it is {one[0]} times as fast" in page
    assert f"convolution gains nothing either ({one[1]})" in page
    assert (
        f"SimpleRNN is {many[0]} times as fast by two threads and the convolution {many[1]}" in page
    )
    cannot = said(judged, "A recurrent network cannot be processed in parallel")
    assert cannot == ["holds", "does not hold"]
    assert said(judged, "Other networks can be") == ["does not hold", "holds"]


def test_what_the_page_of_claims_says_of_order_holds(judged, cell):
    page, table = words("docs/claims.md"), "Test accuracy by what is read of a review"
    names = [CELLS[name].title for name in COMPARED]

    def lost(how):
        numbers = (cell("word-order", table, name, f"as written less {how}") for name in names)
        return [f"{value:.3f}" for value in numbers]

    rnn, lstm, gru = lost("last 100")
    assert f"SimpleRNN loses {rnn} of accuracy, LSTM {lstm} and GRU {gru}" in page
    rnn, lstm, gru = lost("shuffled")
    assert f"the LSTM loses {lstm} of accuracy" in page
    for also in ("README.md", "docs/article.md"):
        assert f"shuffled, the LSTM loses {lstm} of accuracy" in words(also)
    assert f"GRU loses {gru} and SimpleRNN {rnn}" in page
    rnn, lstm, gru = lost("reversed")
    assert f"LSTM loses {lstm}, GRU {gru} and SimpleRNN {rnn}" in page
    classified = "Test accuracy by what is classified"
    ways = ("last state", "mean of the states", "largest of the states")
    rnn, lstm = (
        [f"{cell('last-state', classified, name, way):.3f}" for way in ways] for name in names[:2]
    )
    last = f"from {rnn[0]} to {rnn[1]} and LSTM from {lstm[0]} to {lstm[1]}"
    assert f"{last}; with the largest output of each unit, to {rnn[2]} and {lstm[2]}" in page
    assert said(judged, "The last output holds the whole sequence") == ["holds"] * 4
    bag, lstm = (cell("word-order", table, name, "as written") for name in ("Bag of words", "LSTM"))
    assert f"than the LSTM: {bag:.3f} against {lstm:.3f}" in page
    alike, column = "Word vectors: sentiment", "nearest word within"
    before, after = (
        fmean(cell("word-order", alike, f"{name}, {when} training", column) for name in names)
        for when in ("before", "after")
    )
    assert before == pytest.approx(0.5, abs=0.02)
    assert f"After training it is in {100 * after:.0f} %" in page
    order = "The order of the words matters to a network that reads them in turn"
    related = "The geometry of word vectors reflects meanings other than sentiment"
    assert said(judged, order) == ["not decided", "does not hold", "not decided"]
    assert said(judged, related) == ["does not hold", "does not hold", "not decided"]
    assert said(judged, "At the end of a review SimpleRNN has forgotten") == ["does not hold"]


def test_what_the_page_of_claims_says_of_few_reviews_holds(judged, cell):
    page, less = words("docs/claims.md"), "Differences of these accuracies"
    few, more = (-cell("training-size", less, "GRU less LSTM", part) for part in ("1/16", "1/4"))
    assert f"better than the GRU by {few:.3f}, on a quarter by {more:.3f}" in page
    assert said(judged, "GRU is for fewer data") == ["does not hold"] * 2
    ahead = compared(judged, "imdb-lstm", "imdb-gru", "holds").estimate.value
    assert f"the LSTM is still ahead, by {ahead:.4f} over forty runs a side" in page
    dense = -cell("training-size", less, "SimpleRNN less Dense", "1/16")
    alone, lstm, gru, flat = (
        cell("training-size", "Test accuracy by the share of the training reviews", name, "1/16")
        for name in ("SimpleRNN", "LSTM", "GRU", "Dense")
    )
    assert f"beats SimpleRNN by {dense:.2f} on a sixteenth of the reviews" in page
    assert f"hardly learns at all ({alone:.2f})" in page
    assert f"LSTM ({lstm:.2f}) and GRU ({gru:.2f}) share theirs, too" in page
    assert f"beat the feed-forward network ({flat:.2f})" in page
    shift = "Symbols named, trained on those in the first half of a sequence"
    rnn, dense, conv = (
        cell("training-size", shift, name, "second half")
        for name in ("SimpleRNN", "Dense", "Conv1D + pooling")
    )
    assert f"names {100 * rnn:.0f} % of those in the second half" in page
    assert (
        f"The feed-forward network names {100 * dense:.0f} % of them, and a convolution all" in page
    )
    assert conv == 1


def test_what_the_page_of_claims_says_of_any_length_holds(study, judged, cell):
    page, table = words("docs/claims.md"), "Test accuracy of weights trained on 500 words"
    assert said(judged, "One recurrent network processes sequences of any") == ["holds"]
    at_own = study("any-length").table_value(table, "LSTM", "own length less 500 words")
    assert at_own.n == 15
    assert f"changes by {at_own.mean:.3f} ± {at_own.sd:.3f} (mean ± sd of fifteen seeds)" in page
    assert said(judged, "Convolutional networks accept inputs of a fixed") == ["does not hold"]
    gained, tested = (
        cell("any-length", table, "Conv1D + pooling", column)
        for column in ("own length less 500 words", "own length")
    )
    assert f"gains {gained:.3f} at the reviews' own length, and tests at {tested:.3f}" in page
