"""Pages: sections of words, charts and tables in one HTML file that opens anywhere, offline, for anybody.

All that the page needs is in it: the library that draws, the data, the style. Nothing is fetched, and the page's policy
forbids it. A chart is there twice, live and still: the still picture is seen where scripts do not run, while they load,
and on paper. The same sections make the same bytes with the same releases of the libraries: a page holds no time.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from openoutcry.lab.pictures.libraries import import_converter
from openoutcry.lab.pictures.theme import theme

# Only the page's own scripts run, by what they are: one that slipped in with a text would not.
_POLICY = (
    "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)
# A number with what may stand at it: a sign, a unit of scale, a mark, and an interval or a note in brackets.
_NUMBER = re.compile(
    r"(\u2248 )?[-+\u2212\u00b1<>\u2264\u2265]?\s?\d[\d,.]*(e[-+]?\d+)?(/\d+)?\s?%?\u2020?(\s?[\[(].*[\])])?"
)
_HASH = re.compile(r"[0-9a-f]{32,}")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SIZE = re.compile(r'<svg[^>]* width="(\d+)[^"]*" height="(\d+)')

WORDS = 32
"""Characters of a cell from which its column is one of sentences, which may be broken into lines."""

LONG = 30
"""Rows from which a table scrolls in a box of its own, under its headings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table.

    Attributes:
        columns: Headings.
        rows: Cells of each row, as many as there are headings. Columns of numbers stand to the right. The first cell
            says what the row is about.
        caption: Above it.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A chart.

    Attributes:
        name: Lower case letters, digits and dashes; no other figure of the page has it.
        spec: A Vega-Lite specification with its data, as altair's `chart.to_dict()` gives it.
        caption: What it shows, in words, for who sees it and who does not.
    """

    name: str
    spec: Mapping[str, Any]
    caption: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a page with a heading: words, then charts, then tables, then markup.

    Attributes:
        title: The heading.
        paragraphs: Words.
        figures: Charts.
        tables: Tables.
        html: Markup that is put in as it stands; whoever makes it escapes what is in it.
    """

    title: str
    paragraphs: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    html: str = ""


def render_page(*, title: str, subtitle: str, sections: Sequence[Section], footer: str) -> str:
    """Return a page: one HTML file with all that it needs.

    Args:
        title: Of the page.
        subtitle: One line below it; none when empty.
        sections: In order; with more than one there is a table of contents.
        footer: One line at the end: what made the page, from what.

    Raises:
        ConfigurationError: There is a figure, and the library that draws is not installed.
        ValueError: Two figures have the same name, or one has a name that cannot be an address.
    """
    figures = [figure for section in sections for figure in section.figures]
    names = [figure.name for figure in figures]
    if len(set(names)) < len(names) or not all(map(_NAME.fullmatch, names)):
        raise ValueError(f"names of figures must be different words of a-z, 0-9 and dashes: {names}")
    addresses = _addresses(sections)
    scripts = (_bundle(), f"\n{_read('page.js').strip()}\n") if figures else ()
    parts = {
        "policy": _POLICY.format(scripts=" ".join(map(_digest, scripts)) or "'none'"),
        "title": escape(title),
        "subtitle": f'<p class="subtitle">{escape(subtitle)}</p>' if subtitle else "",
        "style": _read("page.css").strip(),
        "contents": _render_contents(sections, addresses) if len(sections) > 1 else "",
        "sections": "\n".join(map(_render_section, sections, addresses)),
        "footer": escape(footer),
        "script": _render_scripts(figures, scripts) if figures else "",
    }
    return Template(_read("page.html")).substitute(parts)


def _addresses(sections: Sequence[Section]) -> list[str]:
    """Return what each section is linked by: words of its title, and its number where that is taken or none is left."""
    addresses: list[str] = []
    for number, section in enumerate(sections, start=1):
        address = re.sub(r"[^a-z0-9]+", "-", section.title.lower()).strip("-") or "section"
        address = f"section-{address}"
        addresses.append(f"{address}-{number}" if address in addresses else address)
    return addresses


def _render_contents(sections: Sequence[Section], addresses: Sequence[str]) -> str:
    entries = "\n".join(
        f'<li><a href="#{address}">{escape(section.title)}</a></li>'
        for section, address in zip(sections, addresses, strict=True)
    )
    return f'<nav aria-label="Contents">\n<p>Contents</p>\n<ul>\n{entries}\n</ul>\n</nav>'


def _render_section(section: Section, address: str) -> str:
    parts = [
        f'<section aria-labelledby="{address}">',
        f'<h2 id="{address}">{escape(section.title)}</h2>',
        *(f"<p>{escape(paragraph)}</p>" for paragraph in section.paragraphs),
        *map(_render_figure, section.figures),
        *map(_render_table, section.tables),
        section.html,
        "</section>",
    ]
    return "\n".join(part for part in parts if part)


def _render_figure(figure: Figure) -> str:
    picture = import_converter().vegalite_to_svg(dict(figure.spec), config={**theme(), "background": "white"})
    # As an image of its own: what a picture names inside itself cannot meet what another one does.
    data = base64.b64encode(picture.encode()).decode()
    width, height = _size(picture)
    alternative = escape(str(figure.spec.get("description") or figure.caption))
    return "\n".join(
        (
            f'<figure id="figure-{figure.name}" aria-labelledby="caption-{figure.name}">',
            f'<div class="plot" style="--natural:{width}px">',
            '<div class="live"></div>',
            f'<img class="still" alt="{alternative}" width="{width}" height="{height}"'
            f' src="data:image/svg+xml;base64,{data}">',
            "</div>",
            f'<figcaption id="caption-{figure.name}">{escape(figure.caption)}</figcaption>',
            "</figure>",
        )
    )


def _size(picture: str) -> tuple[int, int]:
    """Return width and height of an SVG, in pixels: the page keeps its place free, and never blows it up."""
    found = _SIZE.match(picture)
    assert found is not None, picture[:200]
    return int(found[1]), int(found[2])


def _render_table(table: Table) -> str:
    classes = [_class_of(table, place) for place in range(len(table.columns))]
    headings = "".join(
        f'<th scope="col"{kind}>{escape(heading)}</th>'
        for heading, kind in zip(table.columns, classes, strict=True)
    )
    rows = "\n".join(f"<tr>{_render_row(row, classes)}</tr>" for row in table.rows)
    caption = f"<caption>{escape(table.caption)}</caption>\n" if table.caption else ""
    # A region that scrolls can be reached with the keyboard, and says what it is.
    label = escape(table.caption or ", ".join(table.columns))
    box = "table long" if len(table.rows) >= LONG else "table"
    return (
        f'<div class="{box}" role="region" tabindex="0" aria-label="{label}">\n<table>\n{caption}'
        f"<thead><tr>{headings}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>\n</div>"
    )


def _render_row(row: Sequence[str], classes: Sequence[str]) -> str:
    first, *rest = zip(row, classes, strict=True)
    about = f'<th scope="row"{first[1]}>{escape(first[0])}</th>'
    return about + "".join(f"<td{kind}>{escape(cell)}</td>" for cell, kind in rest)


def _class_of(table: Table, place: int) -> str:
    """Return how a column is set: numbers to the right, hashes small, sentences in lines, all else as it is."""
    cells = [row[place] for row in table.rows if row[place] not in ("", "?", "\u2013", "\u2014")]
    if cells and all(map(_NUMBER.fullmatch, cells)):
        return ' class="number"'
    if cells and all(map(_HASH.fullmatch, cells)):
        return ' class="code"'
    return ' class="words"' if any(len(cell) >= WORDS for cell in cells) else ""


def _digest(script: str) -> str:
    """Return a script as a policy names it."""
    return f"'sha256-{base64.b64encode(sha256(script.encode()).digest()).decode()}'"


def _render_scripts(figures: Sequence[Figure], scripts: Sequence[str]) -> str:
    looks = {"light": theme(), "dark": theme(is_dark=True)}
    specifications = {figure.name: _offline(figure.spec) for figure in figures}
    return "\n".join(
        (
            f'<script type="application/json" id="looks">{_embed(looks)}</script>',
            f'<script type="application/json" id="specifications">{_embed(specifications)}</script>',
            *(f"<script>{script}</script>" for script in scripts),
        )
    )


def _offline(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return a specification without the address of its schema, which nobody needs to draw it."""
    return {key: value for key, value in spec.items() if key != "$schema"}


def _embed(content: Mapping[str, Any]) -> str:
    """Return JSON that cannot end the element that it stands in."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True).replace(
        "<", "\\u003c"
    )


@cache
def _bundle() -> str:
    """Return Vega, Vega-Lite and what puts them into a page, as one script."""
    text: str = import_converter().javascript_bundle()
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")


@cache
def _read(name: str) -> str:
    return files("openoutcry.lab.pictures").joinpath(name).read_text(encoding="utf-8")
