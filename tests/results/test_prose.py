"""What README, the article, the results and the pages on RMSprop say is what the records say."""

import math
from statistics import median

import numpy as np
from commands import REPOSITORY, words
from reference import COUNTS, PUBLISHED, REPORT, RULES, compared, losses, unchanged

from harness.reporting.comparison import beside_plain_keras, measure
from harness.reporting.factorial import factorial_designs
from harness.reporting.reproduction import curve_distance

pytestmark = unchanged


def off(row, experiment: str, **variant) -> str:
    """How far a training loss is off the published curve; without a decimal from 10 % on."""
    percent = 100 * curve_distance(row(experiment, **variant), row(experiment).published.loss)
    return f"{percent:.0f} %" if percent >= 10 else f"{percent:.1f} %"


def largest_step(cell) -> str:
    """How far old Keras and our networks differ over ten steps, on reviews."""
    then = "Old Keras and this project by the rule of that time, float64"
    networks = "SimpleRNN", "4 × SimpleRNN", "LSTM", "GRU", "Conv1D + LSTM"
    column = "largest difference, 10 steps"
    largest = max(cell("step-for-step", then, f"{name} (IMDB)", column) for name in networks)
    return f"{largest:.0e}"


def test_the_page_has_the_steps_of_the_originals(cell):
    then, today = (
        f"Old Keras and this project by {rule}, float64"
        for rule in ("the rule of that time", "today's rule")
    )
    few, many = (f"largest difference, {n} steps" for n in (10, 50))
    on_reviews = ("SimpleRNN", "4 × SimpleRNN", "LSTM", "GRU", "Conv1D + LSTM")
    on_weather = ("GRU", "2 × GRU with dropout")
    for name in [f"{one} (IMDB)" for one in on_reviews] + [f"{one} (Jena)" for one in on_weather]:
        values = [cell("step-for-step", then, name, column) for column in (few, many)]
        shown = " | ".join(f"{value:.0e}" if value else "0" for value in values)
        apart = cell("step-for-step", today, name, many)
        assert f"| {name} | {shown} | {100 * apart:.1f} % |" in words(RULES)


def test_the_page_has_the_first_steps_by_each_rule(cell):
    page, sizes = words(RULES), "Mean size of a step, on tensorflow"
    titles = {
        "embedding": "embedding",
        "kernel": "LSTM, kernel",
        "recurrent kernel": "LSTM, recurrent kernel",
        "bias": "LSTM, bias",
        "dense kernel": "classifier, kernel",
    }
    first, later = [], []
    for weights, title in titles.items():
        ratios = [
            cell("update-rules", sizes, f"{weights}, step {step}", f"{rule}'s / 3.x's")
            for rule in ("2.0", "2.10")
            for step in (1, 20)
        ]
        shown = " | ".join(f"{one:.0f}" if one >= 10 else f"{one:.1f}" for one in ratios)
        assert f"| {title} | {shown} |" in page
        first.append(f"{ratios[0]:.0f}")
        later.append(f"{ratios[1]:.0f}")
    report = words(REPORT)
    shown = "{} times as long for the embedding, {} times for the LSTM's kernel and {} times for"
    assert shown.format(*first) in report
    assert "at step 20 it is {}, {} and {} times".format(*later) in report
    today, then = (
        1000 * cell("update-rules", sizes, "embedding, step 1", f"by {rule}'s rule")
        for rule in ("3.x", "2.0")
    )
    assert f"On average it is {today:.3f} learning rates" in page
    assert f"so that the mean is {then:.2f}" in page
    small = "Share of the embedding's read entries with sqrt(v) < sqrt(1e-7)"
    today, then = (
        100 * cell("update-rules", small, f"tensorflow, {rule}", "step 1")
        for rule in ("rmsprop", "rmsprop-keras-2.0")
    )
    assert f"this holds for {today:.2f} % of the entries" in page
    assert f"({then:.2f} % by the v of 2.0.8)" in page
    after = 100 * cell("update-rules", small, "tensorflow, rmsprop", "step 20")
    assert f"for {today:.2f} % of the embedding's entries that were read" in report
    assert f"and for {after:.2f} % after 20 steps" in report


def test_the_page_says_what_each_change_does_to_training(results):
    page = words(RULES)
    effects = {
        (design.conditions[0].row.first.experiment, effect.factor): effect.changes
        for design in factorial_designs(results, PUBLISHED)
        for effect in design.effects
    }
    place, first = "epsilon outside the root", "squares after adding"
    size, every = "epsilon outside, 1e-8 in place of 1e-7", "Keras 2.0's rule: all"

    def curve(experiment, factor):
        """By how many percent a change lowers the loss: the mean, and its interval's ends."""
        change = effects[experiment, factor]["Training loss, whole curve"]
        return [100 * (1 - math.exp(value)) for value in (change.value, *change.interval()[::-1])]

    def on_best(experiment, factor):
        change = effects[experiment, factor]["Best validation"]
        return [change.value, *change.interval()]

    lstm = [round(curve("imdb-lstm", factor)[0]) for factor in (first, place)]
    assert "adding first lowers the loss by {} % and epsilon's place by {} %".format(*lstm) in page
    lowered, *_ = curve("imdb-simple-rnn", place)
    assert f"over the whole curve the place lowers the loss by {lowered:.0f} %" in page
    raised, least, _ = on_best("imdb-simple-rnn", first)
    assert least > 0
    assert f"(Adding first raises the best validation by {raised:.3f}.)" in page
    stack = "{:.0f} % ({:.0f} to {:.0f} %); adding first".format(*curve("imdb-stacked-rnn", every))
    assert f"lowers its training loss by {stack}" in page
    assert f"lowers its training loss by {curve('imdb-gru', every)[0]:.0f} %. No results" in page
    raised = -curve("imdb-lstm", "hard sigmoid")[0]
    assert f"it raises the LSTM's training loss by {raised:.0f} %" in page
    for network in ("simple-rnn", "stacked-rnn", "lstm", "gru"):
        assert curve(f"imdb-{network}", every)[1] > 0
    for network, factor in (
        *(("imdb-lstm", size), ("imdb-simple-rnn", size), ("imdb-simple-rnn", first)),
        *(("imdb-stacked-rnn", first), ("jena-gru", "reset before the product")),
    ):
        _, least, most = curve(network, factor)
        assert least < 0 < most
    for factor in (every, "hard sigmoid"):
        lowered, least, most = (abs(round(value)) for value in curve("jena-gru", factor))
        assert f"by {lowered} % ({least} to {most} %)" in page
        assert on_best("jena-gru", factor)[1] < 0 < on_best("jena-gru", factor)[2]
    best = "+{:.4f}, from {:.4f} to +{:.4f}".format(*on_best("jena-gru", "hard sigmoid"))
    assert f"where it is ({best})" in page


def test_the_page_says_how_far_each_rule_is_off_the_logs(row):
    page = words(RULES)
    outside, first = "rmsprop-epsilon-outside", "rmsprop-keras-2.11"
    rules = ("rmsprop", outside, first, "rmsprop-keras-2.10")
    lstm = [off(row, "imdb-lstm", optimizer=rule) for rule in rules]
    assert f"its training loss is {lstm[0]} off" in page
    assert f"1e-8 it is {lstm[1]} off, with the gradients added before" in page
    assert f"(the rule of 2.11) {lstm[2]}." in page
    assert f"the rule of 2.10 is {lstm[3]} off" in page
    assert f"with ten seeds, is {off(row, 'imdb-lstm', keras='2.0.8')} off" in page
    rules = ("rmsprop", first, outside, f"{outside}-1e-7", "rmsprop-keras-2.10")
    today, added, *others, both = [off(row, "imdb-simple-rnn", optimizer=rule) for rule in rules]
    shown = "it is {} off, with adding first {}, with epsilon outside {} (1e-8) or {} (1e-7)"
    assert shown.format(today, added, *others) in page
    assert f"with both {off(row, 'imdb-simple-rnn')} or {both}" in page
    assert f"rule, {added} off (p 0.0012), but not as one of today's, {today} off" in page
    today, then = off(row, "jena-gru", optimizer="rmsprop"), off(row, "jena-gru")
    assert f"The GRU is {today} off its published curve by today's rule and {then} by" in page
    assert f"five seeds, is {off(row, 'jena-gru', keras='2.0.8')} off the log" in page


def test_the_page_says_how_the_lstm_of_1997_ends(row):
    long, lstm = row("imdb-lstm-1997", epochs=30), row("imdb-lstm")
    ends = [f"{one.spread('test_at_best').mean:.4f}" for one in (long, lstm)]
    assert "({} against {}, each at its best epoch".format(*ends) in words(RULES)
    assert (len(long.records), len(lstm.records)) == (5, 40)


def test_the_pages_have_the_training_losses_of_each_backend(cell):
    table = "Training loss of each epoch"
    for rule in ("rmsprop", "rmsprop-keras-2.0"):
        for backend in ("tensorflow", "jax"):
            name = f"{backend}, {rule}"
            values = (cell("update-rules", table, name, f"epoch {epoch}") for epoch in range(1, 6))
            shown = " | ".join(f"{loss:.3f}" for loss in values)
            assert shown in words(RULES)
            assert shown in words(REPORT)


def test_the_report_has_the_training_losses_with_rows_added_first(row):
    for rule in ("rmsprop", "rmsprop-keras-2.11"):
        curve = losses(row("imdb-lstm", optimizer=rule))
        shown = " | ".join(f"{curve[epoch - 1]:.3f}" for epoch in (1, 3, 5, 10))
        assert shown in words(REPORT)


def test_the_page_has_the_training_losses_by_each_adam(row):
    for variant in ({"optimizer": "adam"}, {}, {"optimizer": "adam-keras-2.0"}, {"keras": "2.2.4"}):
        first, second = losses(row("imdb-conv-lstm", **variant))
        assert f"{first:.3f} and {second:.3f}" in words(RULES)


def test_the_pages_say_how_other_formulas_of_the_lstm_train(judged, row):
    page = words("docs/claims.md")
    apart = compared(judged, "imdb-lstm-document", "imdb-lstm", "holds").estimate.value
    assert f"fifteen runs a side, the two are on a par ({abs(apart):.4f} apart)" in page
    behind = compared(judged, "imdb-lstm-peephole", "imdb-lstm", "does not hold").estimate.value
    runs = row("imdb-lstm-peephole").records
    best = sorted(record.metrics["best_validation"] for record in runs)
    never = sum(value < 0.53 for value in best)
    assert f"nothing in {COUNTS[never]} runs of fifteen, and its mean is {-behind:.3f}" in page
    stacks = row("imdb-stacked-rnn").spread("test_at_best").values
    low = COUNTS[sum(value < 0.75 for value in stacks)]
    stacked = f"Of {len(stacks)} stacks of SimpleRNNs {low} test below 0.75, one of them at"
    rules = words("docs/verdicts.md")
    assert f"{stacked} {min(stacks):.2f}" in rules
    assert f"of {len(runs)} LSTMs with peepholes {COUNTS[never]} learn" in rules

    page, worst = words(RULES), [max(record.history["loss"]) for record in runs]
    above = sum(loss > 10 for loss in worst)
    assert f"in {above} of {len(runs)} runs the training loss of some epoch is above 10" in page
    assert f"in the worst it is {max(worst):.0f}" in page
    two, others = best[never : never + 2], best[never + 2 :]
    assert f"two end at {two[0]:.2f} and {two[1]:.2f}, and {COUNTS[never]} never learn" in page
    assert f"never learn ({best[0]:.2f} to {best[never - 1]:.2f})" in page
    reached = f"{COUNTS[len(others)]} reach a validation accuracy"
    assert f"{reached} of {others[0]:.2f} to {others[-1]:.2f}" in page
    today = row("imdb-lstm-peephole", optimizer="rmsprop").records
    begins, jumps = (max(record.history["loss"][epoch] for record in today) for epoch in (0, -1))
    assert f"begins with a loss of {begins:.0f}, and another jumps to {jumps:.0f}" in page
    learnt = [record.metrics["best_validation"] for record in today]
    shown = f"{min(learnt):.2f} to {max(learnt):.2f}"
    assert f"all five learn, with a best validation accuracy of {shown}" in page


def test_the_pages_have_the_price_of_the_old_rule(judged):
    (verdict,) = (one for one in judged if one.claim.id == "keras-3")
    for page in ("README.md", RULES):
        assert f"by {-verdict.measured.estimate.value:.4f}" in words(page)
        given = verdict.adjusted and f"adjusted p {verdict.adjusted.fails:.3f}"
        assert ("adjusted p" in words(page)) is bool(given)
        assert (given or "") in words(page)
    old, new = (group.spread("best_validation").mean for group in verdict.measured.groups)
    assert f"it is ahead on them by {old - new:.4f}" in words(RULES)
    tested = [f"{group.spread('test_at_best').mean:.4f}" for group in verdict.measured.groups]
    assert "({} against {}, forty seeds each".format(*tested) in words(RULES)


def test_what_the_readme_says_of_the_log_holds(row, cell):
    page = words("README.md")
    ours = row("imdb-lstm")
    old, new = (
        f"{100 * curve_distance(one, ours.published.loss):.2g} %"
        for one in (ours, row("imdb-lstm", optimizer="rmsprop"))
    )
    assert f"is {old} off the log's curve" in page
    assert f"With both it is {old} off" in words(RULES)
    assert f"with today's rule ({new} off)" in page
    assert len(row("imdb-lstm", keras="2.0.8").records) == 10
    table = "The embedding's step as a multiple of that by 3.x's rule"
    steps = cell("update-rules", table, "tensorflow, rmsprop-keras-2.0", "step 1")
    assert f"now {steps:.0f} times smaller" in page
    assert f"give the same losses, to {largest_step(cell)}, over ten steps" in page


def test_the_page_says_how_near_one_argument_brings_today_s_rule():
    gradients = np.logspace(-12, -2, 1001)
    roots = np.sqrt(0.1 * gradients**2)
    ratios = (roots + 1e-8) / np.sqrt(roots**2 + 1e-16)  # of the first steps
    assert ratios.min() > 0.999
    sentence = f"Near {gradients[ratios.argmax()]:.0e} the first step is up to {ratios.max():.2f}"
    assert sentence.replace("e-0", "e-") in words(RULES)


def test_the_pages_say_how_near_runs_by_plain_keras_lie(results, row):
    apart = []
    for name in ("imdb-simple-rnn", "imdb-lstm", "jena-gru"):
        theirs = losses(row(name, plain_keras=True))
        apart.append(f"{100 * curve_distance(row(name), theirs):.1f} %")
    assert "{} (SimpleRNN), {} (LSTM) and {} (GRU)".format(*apart) in words("docs/speed.md")
    beside = beside_plain_keras(results.rows)
    shown = {one.groups[0].first.experiment: one.verdict.partition(":")[0] for one in beside}
    assert shown == {"imdb-simple-rnn": "not decided", "imdb-lstm": "holds", "jena-gru": "holds"}
    assert "shown for the LSTM and the GRU on Jena, not for SimpleRNN" in words("docs/article.md")


def test_the_page_on_forecasts_says_how_the_stack_and_ridge_compare(row):
    lead = measure([row("jena-ridge"), row("jena-gru-stacked")], "test_at_best")
    behind, ahead = lead.samples_interval
    degrees = lead.estimate.value * row("jena-ridge").degrees_per_unit
    shown = f"its error is {lead.estimate.value:.4f} less (normalised; {degrees:.2f} °C)"
    page = words("docs/forecast.md")
    assert shown in page
    assert f"from {ahead:.4f} ahead to {-behind:.4f} behind" in page


def test_what_the_article_says_of_logs_and_baselines_holds(results, row, cell):
    lines = (REPOSITORY / "docs/article.md").read_text("utf-8").splitlines()
    shown = {line.split(" | ")[0]: line for line in lines if line.startswith("| ")}
    for network in ("LSTM", "Conv1D + LSTM"):  # as one more run of the original, and where it ends
        assert shown[f"| {network}"].count("| holds: p") == 2
    assert "too wide" in shown["| SimpleRNN"]
    linear = row("imdb-linear").spread("test_at_best").mean
    recurrent = [one for one in results.rows if one.dataset == "imdb" and one.first.history]
    assert linear > max(max(one.spread("test_at_best").values) for one in recurrent)
    ridge, gru = (row(name).spread("test_at_best").mean for name in ("jena-ridge", "jena-gru"))
    page = words("docs/article.md")
    assert f"a ridge regression and of the GRU are {gru - ridge:.4f} apart" in page
    assert f"agree to {largest_step(cell)} over ten steps" in page
    simple, long = (
        median(record.metrics["wall_seconds"] for record in row(name).records)
        for name in ("imdb-linear", "imdb-lstm")
    )
    assert long / simple > 1.2
    assert "trains faster than the LSTM" in page


def test_what_the_article_says_of_machines_and_sizes_holds(results, row):
    page = words("docs/article.md")
    others = {
        record.experiment for record in results.records if record.environment["cpu"] != "AMD EPYC"
    }
    assert others == {
        "text-generation",
        "numpy-check",
        "imdb-lstm-document",
        "imdb-lstm-peephole",
        "any-length",
        "jena-gru-stacked",
        "jena-gru-dropout",
        "imdb-majority",
    }
    assert "AMD EPYC, and Intel Xeon for runs of eight experiments" in page
    weights = row("imdb-conv-lstm").first.metrics["parameters"] - 20_000 * 128
    assert f"(Conv1D + LSTM: {round(weights, -3):,})" in page


def test_the_pages_say_how_far_jena_s_training_losses_are_off(row):
    page = words("docs/results.md")
    gru, dense = off(row, "jena-gru"), off(row, "jena-dense")
    dropout, original = (off(row, "jena-gru-dropout", **one) for one in ({}, {"keras": "2.0.8"}))
    assert f"the GRU's is {gru} off, the dense network's {dense}, that of the GRU" in page
    assert f"with dropout {dropout}" in page
    assert f"itself the GRU with dropout is {original} off" in page
    reset = off(row, "jena-gru-dropout", reset_after=False)
    both = off(row, "jena-gru-dropout", reset_after=False, gates="keras2-hard-sigmoid")
    assert f"ours {both} with the hard sigmoid" in page
    assert f"reset gate alone it is {reset} off" in page
    ours, original = (off(row, "jena-gru-stacked", **one) for one in ({}, {"keras": "2.0.8"}))
    shown = f"in a stack are {ours} off (five runs), and on Keras 2.0.8 itself {original} (one run)"
    assert shown in page
    assert f"With all fourteen they are {gru} and {dense} off" in words("docs/data.md")
