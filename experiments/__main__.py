"""Lists the experiments, or runs one of them.

python -m experiments                   one line an experiment: name, group, title
python -m experiments NAME [options]    run it; --help lists its options
"""

import sys

from data.errors import shown
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
        main(experiments[name], arguments)
    else:
        message = f"there is no experiment '{shown(name)}'; `python -m experiments` lists all."
        print(f"error: {message}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    command()
