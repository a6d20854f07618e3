"""Records that differ in their seed alone must be of one kind, for tables average over them."""

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.records.record import Record


def split_odd(records: "list[Record]") -> "tuple[list[Record], list[str]]":
    """Leaves out each record that is of another kind than most of its experiment's seeds.

    Returns:
        The others, and a sentence for each record that is left out.
    """
    kinds: dict[str, Counter] = {}
    for record in records:
        kinds.setdefault(record.label, Counter())[_kind(record)] += 1
    kept, left_out = [], []
    for record in records:
        usual = kinds[record.label].most_common(1)[0][0]
        differing = [field for field, _ in set(_kind(record)) - set(usual)]
        if differing:
            found, expected = dict(_kind(record)), dict(usual)
            field = min(differing)
            left_out.append(
                f"{record.place}: {field} is {found[field]}, but {expected.get(field)} with most "
                "other seeds."
            )
        else:
            kept.append(record)
    return kept, left_out


def _kind(record: "Record") -> tuple[tuple[str, object], ...]:
    """What records must have in common so that their numbers can be averaged."""
    kind = {"dataset": record.config["dataset"], "role": record.config["role"]}
    if not record.is_study:
        kind["metric"] = record.metrics["metric"]
        kind["the number of epochs"] = len(record.history.get("loss", []))
        for field in ("parameters", "degrees_per_unit"):
            kind[field] = "null" if record.metrics[field] is None else "a number"
    return tuple(kind.items())
