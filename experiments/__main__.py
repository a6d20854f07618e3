"""Lists the experiments, or runs one of them.

python -m experiments                             one line an experiment: name, group, title
python -m experiments NAME [options]              run it; --help lists its options
python -m experiments NAME --keras 2.0.8          run it on the Keras of its document
python -m experiments NAME --reviews-file FILE    run it on reviews of your own
python -m experiments NAME --series-file FILE     run it on a series of your own
"""

import sys

from harness.cli import Parser, run_command
from harness.experiment import Experiment, carry_out, find_experiment, find_experiments, read_plan


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit status."""
    return run_command(lambda: list_or_run(sys.argv[1:] if argv is None else argv))


def list_or_run(words: list[str]) -> None:
    """Lists the experiments, or does a run of the one whose name comes first."""
    name, *options = words or [""]
    parser = Parser("experiments", __doc__)
    if name in ("-h", "--help"):
        print(parser.description)
    elif not name:
        for one in find_experiments().values():
            print(f"{one.name:20} {one.group:6} {one.title}")
    else:
        carry_out(read_plan(_experiment(name, options, parser), options))


def _experiment(name: str, options: list[str], parser: Parser) -> Experiment:
    """The experiment of this name, or what an option makes of it; few runs need that code."""
    flags = {word.partition("=")[0] for word in options}
    if flags & {"--reviews-file", "--series-file"}:
        from experiments.common.own_data import experiment_on, own_file_of

        return experiment_on(name, own_file_of(options))
    if (experiment := find_experiment(name)) is None:
        parser.error(f"there is no experiment '{name}'; `python -m experiments` lists all")
    if "--keras" in flags:
        from experiments.originals.original import original

        return original(experiment)
    return experiment


if __name__ == "__main__":
    sys.exit(main())
