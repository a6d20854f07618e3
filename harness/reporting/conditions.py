"""What may change the numbers of a run: by it runs are grouped, compared and kept apart."""

import functools
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from harness.errors import RunError, escaped
from harness.records.files import read_toml
from harness.records.record import Record, plain
from harness.records.schema import Hash, KnownFields, Words, validated

EQUAL_CODE = Path(__file__).resolve().parents[2] / "results/reference/equal-code.toml"
NOT_RECORDED = "not recorded"
# what a user may have set or installed that can change the numbers, beside the protocol
SOFTWARE = ("deterministic", "keras", "tensorflow", "layers", "backend", "device", "floatx")


def conditions(record: Record) -> dict[str, dict]:
    """Everything in a record that may change its numbers, by kind."""
    config, data, environment = record.config, record.data, record.environment
    device, _, processor = environment["device"].partition(": ")
    trained = len(record.history.get("loss", ()))
    machine = ("backend", "floatx", "platform", "cpu", "cores", "threads")
    return {
        "settings": {"experiment": record.experiment, "network": config["title"]}
        | {"parameters": record.metrics.get("parameters"), **config["protocol"]}
        | {"metric": record.metrics.get("metric"), "epochs trained": trained}
        | {"deterministic": config["deterministic"]},
        "data": {"data set": config["dataset"], "sample data": record.sample}
        | {f"SHA-256 of {file.get('name', 'unnamed')}": file["sha256"] for file in data["files"]}
        | data["facts"],
        "versions": {"python": environment["python"], **environment["packages"]},
        "code": {"commit": environment["commit"], "changed since": environment["dirty"]},
        "layers": {"layers": environment.get("layers")},
        "environment": {"device": device}
        | {name: environment.get(name) for name in machine}
        | {device.lower(): processor, **environment.get("flags", {})},
    }


def value_text(value: object) -> str:
    """A condition of a run as tables write it."""
    if isinstance(value, str):
        return value  # a version may end in .0
    return NOT_RECORDED if value is None else plain(value)


@dataclass(frozen=True)
class Difference:
    """One condition in which two groups of runs differ, with the values of each."""

    kind: str  # as `conditions` names it
    name: str  # such as `optimizer`
    first: tuple[str, ...]
    second: tuple[str, ...]

    @property
    def is_new(self) -> bool:
        """Whether the first has a value that the second never had, though it was recorded."""
        known = {*self.second} - {NOT_RECORDED}
        return bool(known) and not {*self.first} - {NOT_RECORDED} <= known

    @property
    def text(self) -> str:
        """`epochs = 2 (reference: 10)`."""
        return f"{self.name} = {', '.join(self.first)} (reference: {', '.join(self.second)})"


def differences(first: Sequence[Record], second: Sequence[Record]) -> list[Difference]:
    """Everything that differs and may change a number, in the order of the kinds."""
    sides = [list(map(conditions, runs)) for runs in (first, second)]
    found = []
    for kind in sides[0][0]:
        for name in dict.fromkeys(name for side in sides for run in side for name in run[kind]):
            values = [sorted({value_text(run[kind].get(name)) for run in side}) for side in sides]
            if values[0] != values[1]:
                found.append(Difference(kind, name, *map(tuple, values)))
    return found


def from_changed_code(records: Sequence[Record]) -> list[Record]:
    """Records whose code was not that of their commit, as far as they tell.

    A checkout with any new file in it is `dirty`. Where the digest of the code is that of a clean
    record of the same commit, the new file was not code.
    """
    made = [record.environment for record in records]
    clean = {(one["commit"], one["code"]) for one in made if not one["dirty"] and "code" in one}
    return [
        record
        for record, one in zip(records, made, strict=True)
        if one["dirty"] and (one["commit"], one.get("code")) not in clean
    ]


def data_hashes(record: Record) -> list[str]:
    """The SHA-256 of each data file."""
    return [file["sha256"] for file in record.data["files"]]


def same_data(first: Record, second: Record) -> bool:
    """Whether two runs read the same data; the same reviews may be packed into other archives."""
    contents = [record.data["facts"].get("content_sha256") for record in (first, second)]
    if None not in contents:
        return contents[0] == contents[1]
    return data_hashes(first) == data_hashes(second)


def leave_out_other_kinds(records: Sequence[Record]) -> tuple[list[Record], list[str]]:
    """Leaves out records of another kind than most of their experiment; a sentence for each."""
    groups: dict[tuple, list[Record]] = {}
    for record in records:
        groups.setdefault((record.label, record.sample), []).append(record)
    kept, left_out = [], []
    for group in groups.values():
        # a setting that is younger than some of the records had its default in them
        common = set.intersection(*(set(record.config["protocol"]) for record in group))
        newest_first = sorted(group, key=lambda r: r.environment["started"], reverse=True)
        # of equally frequent kinds, that of the newest record
        kinds = Counter(tuple(_kind(record, common).items()) for record in newest_first)
        usual = dict(kinds.most_common(1)[0][0])
        for record in group:
            kind = _kind(record, common)
            if odd := sorted(name for name in kind if kind[name] != usual[name]):
                values = f"{odd[0]} is {kind[odd[0]]}, but {usual[odd[0]]}"
                left_out.append(escaped(f"{record.place}: {values} with most other seeds."))
            else:
                kept.append(record)
    return kept, left_out


def _kind(record: Record, settings: Collection[str]) -> dict[str, str]:
    """What records must have in common so that their numbers can be averaged.

    It is what was planned: runs of one protocol belong together when they stopped at different
    epochs. Of the protocol only these settings are compared. A label names what differs from the
    experiment's own values, and these were others in earlier versions.
    """
    kind = {name: record.config[name] for name in ("dataset", "role")}
    kind |= {name: str(record.config["protocol"][name]) for name in settings}
    kind["metric"] = record.metrics.get("metric")
    for name in ("parameters", "degrees_per_unit"):
        kind[name] = "null" if record.metrics.get(name) is None else "a number"
    return kind


@dataclass(frozen=True)
class EqualCode(KnownFields):
    """Versions of the training code that compute the same numbers."""

    digests: Annotated[tuple[Hash, ...], Field(min_length=2)]
    compared: Words  # what was compared to the last bit


@functools.cache
def equal_code(path: Path) -> dict[str, str]:
    """The digest that stands for each of those in a file of tables `[[equal]]`."""
    content = read_toml(path)
    listed = validated(f"{path}: equal", list[EqualCode], content.pop("equal", []))
    if content:
        raise RunError(f"{path}: expected tables [[equal]], not {', '.join(content)}.")
    same = {digest: one.digests[0] for one in listed for digest in one.digests}
    if len(same) < sum(len(set(one.digests)) for one in listed):
        raise RunError(f"{path}: a digest stands in two tables; make one table of them.")
    return same


def mixture(groups: Sequence[Sequence[Record]], by_design: Collection[str] = ()) -> str:
    """In what runs differ that should come from one code and one way of computing, as a clause.

    Versions of the training code that were compared to the last bit count as one (`EQUAL_CODE`).
    `by_design` names what may differ between groups, `code` or `layers`; within each it may not.
    """
    records = [record for group in groups for record in group]
    digest = all("training_code" in r.environment for r in records)  # older records lack it
    same, found = equal_code(EQUAL_CODE), []
    for kind, name in {"code": "training_code" if digest else "commit", "layers": "layers"}.items():
        sides = groups if kind in by_design else [records]
        named = [[record.environment.get(name) for record in side] for side in sides]
        values = [{same.get(value, value) for value in side} - {None} for side in named]
        found += [name.replace("_", " ")] if max(map(len, values)) > 1 else []
    return f"the runs differ in {' and '.join(found)}" if found else ""


def mixture_note(groups: Sequence[Sequence[Record]], by_design: Collection[str] = ()) -> str:
    """In what such runs differ, as a footnote; empty if in nothing."""
    mixed = mixture(groups, by_design)
    return mixed and f"{mixed.capitalize()}."
