"""Tables as Markdown, text and HTML, and how their numbers are written."""

import pytest

from harness.reporting.table import Table, format_significant

TABLE = Table(["", "share", "by"], [["a net", "0.5", ""], ["<b>|", "1\n2", "`x` \x1b"]], "lrl", "T")


def test_a_table_in_markdown():
    assert TABLE.markdown().splitlines() == [
        "|  | share | by |",
        "| --- | --: | --- |",
        "| a net | 0.5 | – |",
        r"| &lt;b>\| | 1<br>2 | `x` \x1b |",
    ]


def test_a_table_in_the_terminal_is_aligned():
    assert TABLE.text().splitlines() == [
        "       share  by",
        "a net    0.5  –",
        r"<b>|    1; 2  `x` \x1b",
    ]


def test_a_table_in_html_takes_no_markup_from_its_cells():
    assert TABLE.html().splitlines() == [
        "<table><caption>T</caption>",
        '<thead><tr><td class="text"></td><th scope="col">share</th>'
        '<th scope="col" class="text">by</th></tr>',
        '</thead><tbody><tr><th scope="row" class="text">a net</th><td>0.5</td>'
        '<td class="text">–</td></tr>',
        '<tr><th scope="row" class="text">&lt;b&gt;|</th><td>1<br>2</td>'
        r'<td class="text"><code>x</code> \x1b</td></tr>',
        "</tbody></table>",
    ]


@pytest.mark.parametrize(
    ("value", "digits", "written"),
    [
        (0.87623, 4, "0.8762"),
        (-0.51239, 4, "-0.5124"),
        (12.3456, 4, "12.35"),
        (98765.4, 4, "98,765"),
        (1.0, 4, "1"),
        (0.0, 4, "0"),
        (-2000000.0, 4, "-2,000,000"),
        (0.00012344, 4, "0.0001234"),
        (3.14e-07, 4, "3.1e-07"),
        (12345678.9, 4, "1.2e+07"),
        (0.14142, 2, "0.14"),  # a deviation
        (56.7, 2, "57"),
        # just below a power of ten
        (9.9996, 4, "10.00"),
        (-0.09999996, 4, "-0.1000"),
        (9999999.6, 4, "1.0e+07"),
    ],
)
def test_a_number_is_written_with_the_digits_that_matter(value, digits, written):
    assert format_significant(value, digits) == written
