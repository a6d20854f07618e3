"""What a network predicted for each sample, as its record keeps it in `predictions.json`.

A classifier leaves one bit a review, right or wrong. A forecaster leaves its absolute errors summed
over each calendar week: neighbouring hours err together, weeks hardly do. These few kilobytes a run
serve every test that compares two models on the same samples, without training again.

The file holds `{"best": {"validation": S, "test": S}, "last": {"validation": S, "test": S}}`, of
the best epoch and of the last. A baseline without epochs has the same twice. `S` is, for accuracy,

    {"right": "<base64 of numpy.packbits of right or wrong, a bit a review>", "count": reviews}

and for the mean absolute error

    {"weeks": ["2014-W03", ...], "absolute_error_sum": [...], "windows": [...]}

where each week, the ISO week of the target, has the sum of its normalised absolute errors and its
number of windows.
"""

import base64
import math
import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

WEEK = re.compile(r"\d{4}-W[0-5]\d")
MEASURES = {
    ("best", "validation"): "best_validation",
    ("last", "validation"): "last_validation",
    ("best", "test"): "test_at_best",
    ("last", "test"): "test_at_end",
}
"""Epoch and split of each number in `metrics.json`, and the name of the number."""


@dataclass(frozen=True)
class Reviews:
    """Which reviews were classified correctly.

    Attributes:
        right: a bit a review, the first review in the highest bit of the first byte.
        count: number of reviews.
    """

    right: bytes
    count: int

    @property
    def mean(self) -> float:
        """The accuracy."""
        return int.from_bytes(self.right).bit_count() / self.count


@dataclass(frozen=True)
class Weeks:
    """The errors of a forecast, by the week of its target.

    Attributes:
        weeks: ISO weeks, in order of time.
        error_sums: sum of the absolute errors of each week, in normalised units.
        windows: number of forecasts of each week.
    """

    weeks: tuple[str, ...]
    error_sums: tuple[float, ...]
    windows: tuple[int, ...]

    @property
    def count(self) -> int:
        return sum(self.windows)

    @property
    def mean(self) -> float:
        """The mean absolute error."""
        return math.fsum(self.error_sums) / self.count


Samples = Reviews | Weeks


def pack_right(right: "np.ndarray") -> dict:
    """Packs which reviews were classified correctly.

    Args:
        right: booleans, shape (reviews,).

    Returns:
        `right`, the bits as NumPy packs them, in base64, and `count`, the number of reviews.
    """
    import numpy as np  # slow to load, and readers of records do without

    return {"right": base64.b64encode(np.packbits(right).tobytes()).decode(), "count": len(right)}


def weekly_errors(errors: "np.ndarray", times: "np.ndarray") -> dict:
    """Sums absolute errors over the ISO weeks of the targets' times.

    Args:
        errors: normalised absolute errors, shape (windows,).
        times: datetime64, when each target was measured, shape (windows,).

    Returns:
        `weeks` such as `2014-W03`, and for each its `absolute_error_sum` and number of `windows`.
    """
    import pandas as pd  # likewise

    calendar = pd.DatetimeIndex(times).isocalendar()
    weeks = calendar["year"].astype(str) + "-W" + calendar["week"].astype(str).str.zfill(2)
    table = pd.Series(errors).groupby(weeks.to_numpy()).agg(["sum", "size"])
    return {
        "weeks": table.index.tolist(),
        "absolute_error_sum": [round(value, 6) for value in table["sum"].tolist()],
        "windows": table["size"].tolist(),
    }


def samples_of(predictions: dict, measure: str, metric: str) -> Samples:
    """The samples behind one number of `metrics.json`.

    Args:
        predictions: content of `predictions.json`.
        measure: name of the number, one of `MEASURES`.
        metric: `accuracy` or `mae`.

    Raises:
        ValueError: the samples are damaged; the message says how.
    """
    epoch, split = next(place for place, name in MEASURES.items() if name == measure)
    try:
        content = predictions[epoch][split]
        return _reviews(**content) if metric == "accuracy" else _weeks(**content)
    except (KeyError, TypeError):
        needed = "right, count" if metric == "accuracy" else "weeks, absolute_error_sum, windows"
        raise ValueError(f"{epoch}, {split}: must hold {needed}") from None
    except ValueError as error:
        raise ValueError(f"{epoch}, {split}: {error}") from error


def _reviews(right: str, count: int) -> Reviews:
    if type(count) is not int or count < 1:
        raise ValueError(f"count must be a positive number of reviews, not {count!r}")
    try:
        packed = base64.b64decode(right, validate=True)
    except ValueError as error:
        raise ValueError(f"right is not base64 ({error})") from error
    if len(packed) != -(-count // 8):
        raise ValueError(f"right has {len(packed)} bytes for {count} reviews, a bit a review")
    if packed[-1] & ((1 << -count % 8) - 1):
        raise ValueError(f"right has a bit set beyond the last of {count} reviews")
    return Reviews(packed, count)


def _weeks(weeks: list, absolute_error_sum: list, windows: list) -> Weeks:
    if not len(weeks) == len(absolute_error_sum) == len(windows) or not weeks:
        lengths = f"{len(weeks)}, {len(absolute_error_sum)} and {len(windows)}"
        raise ValueError(
            f"weeks, absolute_error_sum and windows must be of one length, not {lengths}"
        )
    # whole lists at a time, because thousands of records have many weeks
    if set(map(type, weeks)) != {str} or not all(map(WEEK.fullmatch, weeks)):
        raise ValueError("weeks must be ISO weeks such as 2014-W03")
    if not all(map(operator.lt, weeks, weeks[1:])):
        raise ValueError("weeks must stand in order of time, each once")
    if set(map(type, windows)) != {int} or not 0 < min(windows) <= max(windows) < 2**63:
        raise ValueError("windows must be positive numbers of windows")
    sums = absolute_error_sum
    if not set(map(type, sums)) <= {int, float} or not 0 <= min(sums) <= max(sums) < 1e100:
        raise ValueError("absolute_error_sum must be sums of absolute errors")
    return Weeks(tuple(weeks), tuple(sums), tuple(windows))
