"""Parts of pages between markers."""

from pathlib import Path

from harness.errors import RunError


def markers(part: str) -> tuple[str, str]:
    """The lines of a page between which a part is put: its start and its end."""
    return f"<!-- {part}:start -->", f"<!-- {part}:end -->"


def replace_between_markers(path: Path, parts: dict[str, str]) -> str:
    """The text of a page with some parts replaced.

    Args:
        path: page that holds `<!-- <part>:start -->` and `<!-- <part>:end -->` of at least one
            part.
        parts: the Markdown that goes between them, by part.

    Raises:
        RunError: the file cannot be read, or does not hold a part's markers once and in order.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"cannot read {path}: {error}.") from error
    shown = [part for part in parts if any(marker in text for marker in markers(part))]
    if not shown:
        wanted = " and ".join(markers(next(iter(parts))))
        raise RunError(f"{path}: expected lines such as {wanted}; tables go between them.")
    for part in shown:
        start, end = markers(part)
        before, found_start, rest = text.partition(start)
        _, found_end, after = rest.partition(end)
        if not (found_start and found_end) or start in rest or end in before + after:
            raise RunError(
                f"{path}: expected the lines {start} and {end}, each once and in this order; "
                "tables go between them."
            )
        text = f"{before}{start}\n\n{parts[part]}\n\n{end}{after}"
    return text
