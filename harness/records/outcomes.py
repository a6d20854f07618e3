"""What a record keeps of a model's predictions; `harness.records.predictions` reads it again.

A classifier leaves one bit a review, right or wrong. A forecaster leaves its absolute errors summed
over each calendar week, since neighbouring hours err together and weeks hardly do. A few kilobytes
a run serve every test that compares two models on the same samples, without training again.
"""

import base64

import numpy as np


def pack_right(right: np.ndarray) -> dict:
    """Which reviews were classified right, as the record keeps it.

    Args:
        right: booleans, shape (reviews,).

    Returns:
        `right`, the bits as NumPy packs them, in base64, and `count`, the number of reviews.
    """
    return {"right": base64.b64encode(np.packbits(right).tobytes()).decode(), "count": len(right)}


def weekly_errors(errors: np.ndarray, times: np.ndarray) -> dict:
    """Absolute errors summed over the ISO weeks of the targets' times, as the record keeps them.

    Args:
        errors: normalised absolute errors, shape (windows,).
        times: datetime64, when each target was measured, shape (windows,).

    Returns:
        `weeks` such as `2014-W03`, and for each its `absolute_error_sum` and number of `windows`.
    """
    import pandas as pd

    calendar = pd.DatetimeIndex(times).isocalendar()
    weeks = calendar["year"].astype(str) + "-W" + calendar["week"].astype(str).str.zfill(2)
    table = pd.Series(errors).groupby(weeks.to_numpy()).agg(["sum", "size"])
    return {
        "weeks": table.index.tolist(),
        "absolute_error_sum": [round(value, 6) for value in table["sum"].tolist()],
        "windows": table["size"].tolist(),
    }
