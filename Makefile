# Reproduces the classic Keras experiments on recurrent networks. `make help` lists what there is.

PYTHON ?= python3
VENV   := .venv
RUN    := $(VENV)/bin/python
ARGS   ?=
SEEDS   ?= 1
WORKERS ?= 2
QUICK   ?=

PROMPT ?= alice was
export PROMPT

IMDB := imdb-majority imdb-linear imdb-dense imdb-simple-rnn imdb-stacked-rnn imdb-lstm imdb-lstm-document imdb-lstm-1997 imdb-lstm-peephole imdb-gru imdb-conv-lstm
JENA := jena-persistence jena-ridge jena-dense jena-gru jena-gru-dropout
STUDIES := numpy-check gradient-flow recall next-letter text-generation any-length update-rules
EXPERIMENTS := $(IMDB) $(JENA) $(STUDIES)
# in the order of their length on the sample data, which a first suite cannot know
DEMO := gradient-flow imdb-stacked-rnn imdb-lstm-peephole imdb-lstm-document imdb-lstm-1997 \
        imdb-lstm imdb-gru jena-gru-dropout recall any-length jena-gru update-rules \
        imdb-conv-lstm imdb-simple-rnn numpy-check text-generation imdb-dense jena-dense next-letter jena-ridge \
        imdb-linear jena-persistence imdb-majority

.DEFAULT_GOAL := help
.PHONY: help all bench demo test data plots tables clean generate $(EXPERIMENTS)

help:  ## this list
	@echo "Usage: make TARGET [ARGS=\"...\"]"
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' Makefile
	@echo
	@echo "Experiments on IMDB movie reviews (accuracy):"
	@for e in $(IMDB); do echo "  $$e"; done
	@echo "Experiments on the Jena climate series (mean absolute error):"
	@for e in $(JENA); do echo "  $$e"; done
	@echo "Studies of what the documents define and explain:"
	@for e in $(STUDIES); do echo "  $$e"; done
	@echo
	@echo "  make imdb-lstm ARGS=\"--help\"                 every setting of an experiment"
	@echo "  make imdb-lstm ARGS=\"--epochs 2 --seed 3\"    with other values"
	@echo "  make imdb-lstm ARGS=\"--sample\"               on the built-in sample data"

demo: $(VENV)/.runtime  ## every experiment on the built-in sample data, to plots and tables in demo/
	@$(RUN) -m harness.suite --sample --force --workers $(WORKERS) --experiments $(DEMO)
	@$(RUN) -m harness.reporting.tables --results-dir demo/results
	@$(RUN) -m harness.reporting.figures --results-dir demo/results --plots-dir demo/plots
	@$(RUN) -m experiments.generate --sample --prompt "the wind was" --length 100
	@echo "Done: the tables are in demo/results/RESULTS.md, the plots in demo/plots/."

all: $(VENV)/.runtime  ## every experiment with SEEDS seeds, WORKERS at a time, then tables and plots (about an hour a seed)
	@$(RUN) -m harness.suite --seeds 0-$$(($(SEEDS) - 1)) --workers $(WORKERS) \
	  --experiments $(EXPERIMENTS) "text-generation --text nietzsche" $(ARGS)
	@$(MAKE) --no-print-directory ARGS= tables plots

$(EXPERIMENTS): $(VENV)/.runtime
	@$(RUN) -m experiments.$(subst -,_,$@) $(ARGS)

generate: $(VENV)/.runtime  ## go on with PROMPT="..." by the network that text-generation trained
	@$(RUN) -m experiments.generate --prompt "$$PROMPT" $(ARGS)

data: $(VENV)/.runtime  ## download the IMDB reviews, the Jena series and the two texts
	@$(RUN) -m data.files $(ARGS)

bench: $(VENV)/.runtime  ## time six experiments against plain Keras (18 minutes; QUICK=1: under 4)
	@$(RUN) -m benchmarks $(if $(QUICK),--quick) $(ARGS)

tables: $(VENV)/.runtime  ## rebuild the tables in results/ and the README's, the benchmark's too
	@$(RUN) -m harness.reporting.tables --results-dir results \
	  --pages README.md docs/keras-2-and-keras-3.md $(ARGS)
	@test ! -e results/benchmark.json || $(RUN) -m benchmarks.benchmark_tables

plots: $(VENV)/.runtime  ## rebuild plots/ from the records of the runs and of the benchmark
	@$(RUN) -m harness.reporting.figures --results-dir results --plots-dir plots $(ARGS)
	@test ! -e results/benchmark.json || $(RUN) -m benchmarks.throughput_chart

test: $(VENV)/.development  ## lint and tests; with RNN_DATA_DIR set, on the real data too
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/pytest --numprocesses 2 --dist loadfile $(ARGS)

clean:  ## remove what the demo and the tests left; records and .venv stay
	rm -rf demo .pytest_cache .ruff_cache
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(VENV)/.runtime: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed; set PYTHON=...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.development: requirements-dev.txt $(VENV)/.runtime
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
