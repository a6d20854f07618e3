"""Lists the experiments, or runs one of them.

python -m experiments                   one line an experiment: name, group, title
python -m experiments NAME [options]    run it; --help lists its options
python -m experiments NAME --keras 2.0.8    run it on the Keras of its document
"""

import sys

from data.errors import UserError, shown
from experiments.originals.original import original
from harness.command_line import main
from harness.experiment import find_experiments


def command() -> None:
    """Exits with 0, 1 (the run failed) or 2 (wrong usage)."""
    experiments = find_experiments()
    if not sys.argv[1:]:
        for one in experiments.values():
            print(f"{one.name:20} {one.group:6} {one.title}")
        return
    name, *arguments = sys.argv[1:]
    if name in ("-h", "--help"):
        print(__doc__.strip())
    elif name in experiments:
        chosen = experiments[name]
        if any(one.partition("=")[0] == "--keras" for one in arguments):
            try:
                chosen = original(chosen)
            except UserError as error:
                sys.exit(f"error: {error}")
        main(chosen, arguments)
    else:
        message = f"there is no experiment '{shown(name)}'; `python -m experiments` lists all."
        print(f"error: {message}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    command()
