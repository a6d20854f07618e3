# Reproduces the classic Keras experiments on recurrent networks. `make help` lists what there is.
# Written for GNU make 3.81, which macOS has.

VENV := .venv
RUN  := $(VENV)/bin/python

# Every script in experiments/ is a target of its name, but for two that declare several experiments.
SCRIPTS := $(sort $(subst _,-,$(basename $(notdir $(wildcard experiments/[a-z]*.py)))))
CELLS   := imdb-lstm-document imdb-lstm-1997 imdb-lstm-peephole jena-lstm jena-simple-rnn
EXPERIMENTS := $(sort $(filter-out imdb-lstm-variants jena-cells,$(SCRIPTS)) $(CELLS))
IMDB    := $(filter imdb-%,$(EXPERIMENTS))
JENA    := $(filter jena-%,$(EXPERIMENTS))
STUDIES := $(filter-out $(IMDB) $(JENA),$(EXPERIMENTS))
# The demo's, written out so that it does not grow: the networks of the documents, the baselines, and
# studies with a figure.
DEMO := numpy-check gradient-flow recall next-letter text-generation \
  imdb-conv-lstm imdb-simple-rnn imdb-stacked-rnn imdb-lstm imdb-gru imdb-dense imdb-linear imdb-majority \
  jena-gru-dropout jena-gru jena-dense jena-ridge jena-persistence

TARGETS := help all bench demo test test-faults audit data plots tables report compare verify reference \
  clean generate predict inspect forecast try-reviews try-series $(EXPERIMENTS)
UNKNOWN := $(firstword $(filter-out $(TARGETS) $(VENV)/%,$(MAKECMDGOALS)))
ifneq ($(UNKNOWN),)
  $(error there is no target $(UNKNOWN); `make help` lists them)
endif

# What the command line may set, as in `make imdb-lstm EPOCHS=2 SEED=3`. Each reaches a command as the option of
# its name, and as it was typed: make would expand "$10", and so would the shell. Nothing is ignored: a name that
# is not here is refused here, and an option that a command does not take by that command.
NAMES := ARGS SEED EPOCHS KERAS SAMPLE FORCE SEEDS WORKERS QUICK A B RECORDS PROMPT TEXT DATE FILE CELL
GIVEN := $(foreach name,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(name)))),$(name)))
WRONG := $(filter-out PYTHON $(NAMES),$(GIVEN))
ifneq ($(WRONG),)
  $(error there is no variable $(firstword $(WRONG)); there are $(NAMES), and other options of an experiment go \
    into ARGS, such as ARGS="--units 64")
endif
$(foreach name,$(NAMES),$(if $(filter $(name),$(GIVEN)), \
  $(eval override $(name) := $$(value $(name))),$(eval $(name) :=)))
export $(NAMES)
$(foreach name,SAMPLE FORCE QUICK,$(if $(filter-out 0 1,$($(name))), \
  $(error $(name)=$($(name)) is not understood; $(name)=1 means yes, $(name)=0 means no)))
$(if $(B),$(if $(A),,$(error B is what A is compared with; give both, A=imdb-lstm B=imdb-gru)))
ifneq ($(and $(filter PYTHON,$(GIVEN)),$(wildcard $(VENV)/.runtime)),)
  $(error PYTHON is for making $(VENV), which exists already: remove $(VENV) to make another)
endif
given = $(if $(filter $1,$(GIVEN)),$2"$$$1")
on = $(if $(filter 1,$($1)),$2)
FILE_OPTION := --file
OPTIONS = $(call given,A) $(call given,B) $(call given,RECORDS) $(call given,DATE,--date ) \
  $(call given,FILE,$(FILE_OPTION) ) $(call given,TEXT,--text=) $(call given,PROMPT,--prompt ) \
  $(if $(CELL),--cell $$CELL) $(call given,SEED,--seed ) $(call given,KERAS,--keras ) \
  $(call given,EPOCHS,--epochs ) $(if $(SEEDS),--seeds 0-$$(($$SEEDS - 1))) $(call given,WORKERS,--workers ) \
  $(call on,SAMPLE,--sample) $(call on,FORCE,--force) $(call on,QUICK,--quick) $(ARGS)

.DEFAULT_GOAL := help
.PHONY: $(TARGETS)

help:  ## this list
	@echo "Usage: make TARGET [ARGS=\"...\"]"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' Makefile
	@echo
	@echo "Experiments on IMDB movie reviews (accuracy):"
	@for e in $(IMDB); do echo "  $$e"; done
	@echo "Experiments on the Jena climate series (mean absolute error):"
	@for e in $(JENA); do echo "  $$e"; done
	@echo "Studies of what the documents define and explain:"
	@for e in $(STUDIES); do echo "  $$e"; done
	@echo
	@echo "  make imdb-lstm EPOCHS=2 SEED=3               with other values"
	@echo "  make imdb-lstm SAMPLE=1                      on the built-in sample data, to demo/"
	@echo "  make imdb-lstm KERAS=2.0.8                   on the Keras of its document: 2.0.8, 2.1.6, 2.2.4"
	@echo "  make imdb-lstm FORCE=1                       repeat a finished run"
	@echo "  make imdb-lstm ARGS=\"--units 64\"             with any other option"
	@echo "  make imdb-lstm ARGS=\"--help\"                 all options of an experiment"

demo: $(VENV)/.runtime  ## the documents' networks, baselines and some studies on built-in sample data, to tables, plots and a report in demo/
	@echo "Training the documents' networks for a moment, with baselines and studies, on small made-up data:"
	@$(RUN) -m harness.suite --sample --force --workers 2 --experiments $(DEMO) $(OPTIONS)
	@echo
	@echo "From the records of these runs come the tables, a figure of each, and a page for a browser:"
	@$(RUN) -m harness.reporting.pages --results-dir demo/results
	@$(RUN) -m harness.reporting.figures --results-dir demo/results --plots-dir demo/plots & \
	  $(RUN) -m harness.reporting.report --results-dir demo/results --output demo/report.html && \
	  text=$$($(RUN) -m explore.generate --sample --prompt "the wind was" --length 100) && wait $$! && \
	  printf '\nThe network of text-generation continues "the wind was":\n%s\n' "$$text"
	@echo
	@echo "Networks, baselines and studies ran here, for a moment, on small made-up data. The numbers"
	@echo "say nothing about the real data. See what a run leaves behind:"
	@echo "  demo/report.html          everything on one page: open it in a browser"
	@echo "  demo/results/RESULTS.md   all results as tables"
	@echo "  demo/plots/               training curves and comparisons"
	@echo "  demo/results/imdb-lstm*/  the record of a run"
	@echo "Next, an experiment on the real data: make imdb-simple-rnn. \`make help\` lists all of them."

all: $(VENV)/.runtime  ## every experiment with SEEDS seeds, WORKERS at a time, then tables and plots (one to two hours a seed)
	@$(RUN) -m harness.suite --workers 2 --experiments $(EXPERIMENTS) "text-generation --text nietzsche" $(OPTIONS)
	@$(TABLES)
	@$(PLOTS)

$(EXPERIMENTS): $(VENV)/.runtime
	@$(RUN) -m experiments $@ $(OPTIONS)

generate: $(VENV)/.runtime  ## continue PROMPT="..." with the network that text-generation trained last
	@$(RUN) -m explore.generate $(OPTIONS)

predict: $(VENV)/.runtime  ## judge the review TEXT="..." by every trained model; without TEXT, one review a line from standard input
	@$(RUN) -m explore.predict $(OPTIONS)

inspect: $(VENV)/.runtime  ## look into the cells CELL="lstm gru" while they read TEXT="..." word by word
	@$(RUN) -m explore.inspect $(OPTIONS)

forecast: $(VENV)/.runtime  ## forecast the temperature at DATE="2015-07-14 12:00", or at the end of FILE=weather.csv
	@$(RUN) -m explore.forecast $(OPTIONS)

try-reviews try-series: FILE_OPTION :=
try-reviews: $(VENV)/.runtime  ## is a recurrent network worth it on FILE="reviews.csv" of your own, with labels?
	@$(RUN) -m harness.suite.own_data reviews $(OPTIONS)

try-series: $(VENV)/.runtime  ## likewise on FILE="load.csv", a regular series: one column is forecast
	@$(RUN) -m harness.suite.own_data series $(OPTIONS)

data: $(VENV)/.runtime  ## download the IMDB reviews, the Jena series and the two texts
	@$(RUN) -m data $(OPTIONS)

bench: $(VENV)/.runtime  ## time six experiments against plain Keras (about 10 minutes; QUICK=1: under 4)
	@$(RUN) -m benchmarks $(OPTIONS)

TABLES = $(RUN) -m harness.reporting.pages --results-dir results --reference results/reference
tables: $(VENV)/.runtime  ## your runs beside the reference and the published numbers: results/RESULTS.md
	@$(TABLES) $(OPTIONS)

PLOTS = $(RUN) -m harness.reporting.figures --results-dir results --plots-dir plots
plots: $(VENV)/.runtime  ## redraw plots/ from your runs
	@$(PLOTS) $(OPTIONS)

report: $(VENV)/.runtime  ## your runs and the reference as one page for a browser: plots/report.html
	@$(RUN) -m harness.reporting.report --results-dir results --reference results/reference $(OPTIONS)

compare: $(VENV)/.runtime  ## what differs between A=imdb-lstm and B=imdb-gru, or between your A and the reference
	@$(RUN) -m harness.reporting.compare $(OPTIONS)

verify: $(VENV)/.runtime  ## whether the records in RECORDS=folder agree with the reference
	@$(RUN) -m harness.reporting.verify $(OPTIONS)

reference: $(VENV)/.runtime  ## for maintainers: rebuild reference tables, plots and pages; copy run folders to results/reference/ first
	@$(RUN) -m harness.reporting.pages --results-dir results/reference \
	  --pages README.md docs/article.md docs/results.md docs/claims.md docs/speed.md docs/padding.md \
	  docs/rmsprop-through-the-versions.md
	@$(RUN) -m harness.reporting.figures --results-dir results/reference --plots-dir plots/reference
	@$(RUN) -m harness.reporting.benchmark

test: $(VENV)/.development  ## lint and tests; with RNN_DATA_DIR set, on the real data too
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m pytest --numprocesses 2 --dist loadfile $(OPTIONS)

test-faults: $(VENV)/.development  ## kill runs at every step, and more that takes long (docs/guarantees.md)
	@$(RUN) -m pytest --numprocesses 2 --dist loadfile -m faults $(OPTIONS)

# Without old Keras, whose faults are known and which reads only arrays that this project made.
audit: $(VENV)/.development  ## known vulnerabilities of the pinned packages, by the Python package index
	@$(RUN) -m pip_audit --strict --require-hashes --disable-pip --progress-spinner off --timeout 10 \
	  -r requirements.txt -r requirements-cluster.txt -r requirements-dev.txt

clean:  ## remove what the demo and the tests left; records and .venv stay
	rm -rf demo .pytest_cache .ruff_cache
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

# TensorFlow 2.21 exists for these versions of Python, and not for Macs with an Intel processor.
SUITABLE := import ensurepip, platform, sys; sys.exit( \
  not (3, 11) <= sys.version_info[:2] <= (3, 13) \
  or (sys.platform, platform.machine()) == ("darwin", "x86_64"))

# `python -m pip`, since the scripts in .venv/bin name the folder in which they were made.
INSTALL := $(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes

# So that a script also runs by its path, and notebooks find the packages: the folder above $(VENV).
FINDABLE := import pathlib, sysconfig; \
  pathlib.Path(sysconfig.get_path("purelib"), "repository.pth").write_text("../../../..\n")

# What it says goes to the standard error: a command's own output may be read by a program.
$(VENV)/.runtime: requirements.txt Makefile
	@if ! $(RUN) -m pip --version > /dev/null 2>&1; then \
	  rm -rf $(VENV); \
	  for python in $(or $(PYTHON),python3.13 python3.12 python3.11 python3); do \
	    if $$python -c '$(SUITABLE)' 2> /dev/null; then \
	      echo "setting up $(VENV) with $$python" >&2; exec $$python -m venv $(VENV); \
	    fi; \
	  done; \
	  if [ -z "$(PYTHON)" ] && command -v uv > /dev/null; then \
	    echo "setting up $(VENV) with uv" >&2; exec uv venv --quiet --seed --python 3.13 $(VENV); \
	  fi; \
	  echo "Python 3.11, 3.12 or 3.13 with its venv module is needed, on a Mac without an Intel" \
	    "processor: install one, or uv, or name one with PYTHON=/path/to/python." >&2; \
	  exit 1; \
	fi
	@$(INSTALL) -r requirements.txt
	@$(RUN) -c '$(FINDABLE)'
	@touch $@

$(VENV)/.development: requirements-dev.txt $(VENV)/.runtime
	@$(INSTALL) -r requirements-dev.txt
	@touch $@
