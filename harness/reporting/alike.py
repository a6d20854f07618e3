"""Records that differ in their seed alone must be of one kind, for tables average over them."""

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from harness.records.record import Record, find_records


def find_alike(results_dir: Path, folder: str = "*") -> tuple[list[Record], list[str]]:
    """As `find_records`, without the records that are of another kind than their other seeds."""
    records, left_out = find_records(results_dir, folder)
    alike, odd = split_odd(records)
    return alike, left_out + odd


def split_odd(records: list[Record]) -> tuple[list[Record], list[str]]:
    """Leaves out each record that is of another kind than most of its experiment's seeds.

    Returns:
        The others, and a sentence for each record that is left out.
    """
    groups: dict[tuple, list[Record]] = {}
    for record in records:
        groups.setdefault((record.label, record.sample), []).append(record)
    kept, left_out = [], []
    for group in groups.values():
        # a setting that is younger than some of the records had its default in them
        common = set.intersection(*(set(record.config["protocol"]) for record in group))
        kinds = [(record, _kind(record, common)) for record in group]
        # of equally frequent kinds, that of the newest record
        newest_first = sorted(kinds, key=lambda one: one[0].environment["started"], reverse=True)
        usual = Counter(kind for _, kind in newest_first).most_common(1)[0][0]
        for record, kind in kinds:
            differing = [field for field, _ in set(kind) - set(usual)]
            if differing:
                found, expected = dict(kind), dict(usual)
                field = min(differing)
                left_out.append(
                    f"{record.place}: {field} is {found[field]}, but {expected.get(field)} with "
                    "most other seeds."
                )
            else:
                kept.append(record)
    return kept, left_out


def _kind(record: Record, settings: set[str]) -> tuple[tuple[str, object], ...]:
    """What records must have in common so that their numbers can be averaged.

    Args:
        record: one record.
        settings: of its protocol, those that are compared. A label names what differs from the
            experiment's own values, and these were others in earlier versions.
    """
    kind = {"dataset": record.config["dataset"], "role": record.config["role"]}
    kind |= {name: str(record.config["protocol"][name]) for name in sorted(settings)}
    if not record.is_study:
        kind["metric"] = record.metrics["metric"]
        kind["the number of epochs"] = len(record.history.get("loss", []))
        for field in ("parameters", "degrees_per_unit"):
            kind[field] = "null" if record.metrics[field] is None else "a number"
    return tuple(kind.items())


def mixture(groups: Sequence[Sequence[Record]], by_design: Collection[str] = ()) -> str:
    """In what runs differ that should come from one code and one way of computing, as a clause.

    Args:
        groups: the runs that are averaged, and those that they are compared with.
        by_design: `code` or `layers`, where groups are meant to differ; the runs of each are not.
    """
    records = [record for group in groups for record in group]
    digest = all("training_code" in r.environment for r in records)  # older records lack it
    code = ("training code", "training_code") if digest else ("commit", "commit")
    found = []
    for kind, (name, field) in {"code": code, "layers": ("layers", "layers")}.items():
        sides = groups if kind in by_design else [records]
        values = [{r.environment.get(field) for r in side} - {None} for side in sides]
        found += [name] if max(map(len, values)) > 1 else []
    return f"the runs differ in {' and '.join(found)}" if found else ""
