"""HTML elements of a report, as text. Whatever comes from data is escaped here and nowhere else."""

from collections.abc import Iterable, Sequence
from html import escape

from remission.plots.rounding import ABSENT

Row = Sequence[str]


class Markup(str):
    """Text that is HTML already; everything else is escaped."""

    __slots__ = ()


def markup(content: str) -> str:
    return content if isinstance(content, Markup) else escape(content)


def tag(name: str, *content: str, **attributes: str) -> Markup:
    """One element; `class_` stands for `class`, `_` inside a name for `-`."""
    written = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(value, quote=True)}"' for key, value in attributes.items())
    return Markup(f"<{name}{written}>{''.join(markup(part) for part in content)}</{name}>")


def joined(parts: Iterable[str], between: str = "") -> Markup:
    return Markup(between.join(markup(part) for part in parts))


def paragraph(*content: str, class_: str | None = None) -> Markup:
    return tag("p", *content, **({"class_": class_} if class_ else {}))


def table(headings: Row, rows: Iterable[Row], caption: str | None = None, class_: str = "stacked") -> Markup:
    """A table; on a phone a `stacked` one shows each row as a card, so every cell carries its heading.

    A row of one cell is a heading over the rows that follow.
    """
    head = tag("thead", tag("tr", *(tag("th", heading, scope="col") for heading in headings)))
    body = tag("tbody", *(_row(headings, row) for row in rows))
    title = tag("caption", caption) if caption else Markup("")
    return tag("div", tag("table", title, head, body, class_=class_), class_="scroll")


def _row(headings: Row, row: Row) -> Markup:
    if len(row) == 1:
        return tag("tr", tag("th", row[0], colspan=str(len(headings)), scope="rowgroup"), class_="over")
    first, *rest = row
    return tag("tr", tag("th", first, scope="row"), *(_cell(heading, cell) for heading, cell in zip(headings[1:], rest, strict=True)))


def _cell(heading: str, content: str) -> Markup:
    """A cell that carries its heading; one that says nothing is not shown on a phone."""
    absent = {"class_": "absent"} if content in ("", ABSENT) else {}
    return tag("td", tag("div", content), data_label=heading, **absent)


def definitions(pairs: Iterable[tuple[str, str]]) -> Markup:
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", meaning)) for name, meaning in pairs))


def bullets(items: Iterable[str]) -> Markup:
    return tag("ul", *(tag("li", item) for item in items))


def details(summary: str, *content: str) -> Markup:
    """Content folded away until asked for."""
    return tag("details", tag("summary", summary), *content)


def figure(drawing: str, caption: str | None = None) -> Markup:
    return tag("figure", Markup(drawing), *([tag("figcaption", caption)] if caption else []))


def section(identity: str, heading: str, *content: str) -> Markup:
    return tag("section", tag("h2", heading), *content, id=identity)
