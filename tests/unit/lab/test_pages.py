"""Pages: one file, whole, offline, the same bytes each time, and nothing in it that a text could break."""

from __future__ import annotations

import base64
import re
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from openoutcry.errors import ConfigurationError
from openoutcry.lab.pictures.export import export_figure, write_whole
from openoutcry.lab.pictures.libraries import import_converter
from openoutcry.lab.pictures.page import LONG, Figure, Section, Table, render_page
from openoutcry.lab.pictures.theme import theme

NASTY = "</script><script>alert(1)</script> & \"quoted\" 'text' <!-- $title ${title} "
SPEC = {
    "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
    "data": {"values": [{"who": NASTY, "value": 1}]},
    "mark": "point",
    "encoding": {"x": {"field": "value", "type": "quantitative"}},
}
FIGURE = Figure(name="one", spec=SPEC, caption=f"A figure {NASTY}")
VOID = {"meta", "img", "br", "hr", "link", "input"}


class Reader(HTMLParser):
    """Collects the elements of a page, and whether they are nested rightly."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag, attrs) -> None:
        """Take up an element."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        """Close the element that is open."""
        assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        """Take up text that people read."""
        if not self.open or self.open[-1] not in ("script", "style"):
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of all elements of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]


def page(*sections: Section) -> str:
    """Return a page of these sections."""
    return render_page(title=NASTY, subtitle=NASTY, sections=sections, footer=NASTY)


def read(text: str) -> Reader:
    """Return the elements of a page, all of which are closed."""
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


SECTIONS = (
    Section(title="Figures", paragraphs=(NASTY,), figures=(FIGURE,)),
    Section(
        title=f"Tables {NASTY}",
        tables=(Table(columns=(NASTY, "number"), rows=((NASTY, "1.5"),), caption=NASTY),),
    ),
    Section(title="Figures", html="<p id='own'>put in as it stands</p>"),
)


def test_texts_are_texts_wherever_they_stand():
    """Nothing that is given as text becomes an element, and all of it can be read."""
    reader = read(page(*SECTIONS))
    assert len(reader.all("script")) == 4
    # In the title twice, the subtitle, the footer, a paragraph, a caption, a heading, the contents, and a table.
    assert reader.text.count(NASTY.strip()) == 11
    assert "alert" not in "".join(key for _, attributes in reader.elements for key in attributes)


def test_nothing_is_fetched():
    """No element refers to anything outside the page, and the policy forbids it; the schema's address is left out."""
    text = page(*SECTIONS)
    reader = read(text)
    for tag, attributes in reader.elements:
        for name in ("src", "href", "srcset", "action", "data"):
            value = attributes.get(name)
            assert value is None or value.startswith(("#", "data:image/svg+xml;base64,")), (tag, name)
    policies = [
        one["content"] for one in reader.all("meta") if one.get("http-equiv") == "Content-Security-Policy"
    ]
    assert len(policies) == 1
    assert "default-src 'none'" in str(policies[0])
    assert "unsafe-eval" not in str(policies[0])
    assert "http" not in str(policies[0])
    assert "$schema" not in text[text.index('id="specifications"') :].split("</script>")[0]
    assert "@import" not in text
    assert "url(" not in text[: text.index("</style>")]


def test_the_same_sections_make_the_same_bytes():
    """A page holds nothing but what it was made of."""
    assert page(*SECTIONS) == page(*SECTIONS)


def test_everybody_can_read_it():
    """Language, headings, captions, alternatives, and tables that can be reached with the keyboard are there."""
    reader = read(page(*SECTIONS))
    assert reader.all("html") == [{"lang": "en"}]
    assert len(reader.all("h1")) == 1
    addresses = [attributes["id"] for attributes in reader.all("h2")]
    assert len(set(addresses)) == 3
    assert [one["href"] for one in reader.all("a")] == [f"#{address}" for address in addresses]
    assert [one["aria-labelledby"] for one in reader.all("section")] == addresses
    (image,) = reader.all("img")
    assert image["alt"] == FIGURE.caption
    (figure,) = reader.all("figure")
    assert figure["aria-labelledby"] in [one.get("id") for one in reader.all("figcaption")]
    assert [one["scope"] for one in reader.all("th")] == ["col", "col", "row"]
    regions = [one for one in reader.all("div") if one.get("role") == "region"]
    assert [one["tabindex"] for one in regions] == ["0"]


def test_a_page_without_figures_has_no_scripts():
    """Nor contents when there is one section only."""
    text = page(Section(title="Words", paragraphs=("Words.",)))
    reader = read(text)
    assert reader.all("script") == reader.all("nav") == []
    assert len(text) < 10_000


def kinds_of_columns(*columns: tuple[str, ...]) -> list[str | None]:
    """Return how each column of a table is set, given its cells."""
    table = Table(columns=("",) * len(columns), rows=tuple(zip(*columns, strict=True)))
    headings = read(page(Section(title="T", tables=(table,)))).all("th")
    return [one.get("class") for one in headings if one["scope"] == "col"]


def test_columns_of_numbers_stand_to_the_right():
    """Also with signs, intervals, marks and notes, rounded or in scientific notation."""
    assert (
        kinds_of_columns(
            ("0.1 [0, 1]", "12"),
            ("+2.5% [1, 4]", "-3%"),
            ("?", "7"),
            ("\u2248 \u22120.25", "\u2013"),
            ("6.3e+12\u2020 [1, 2]", "1 (all alike)"),
            ("< 0.0001", "1,234.50"),
            ("1/2 (50.0%)", "1"),
        )
        == ["number"] * 7
    )


def test_what_only_begins_with_a_number_is_no_number():
    """Versions, counts of something, and sentences stand to the left; nothing is known of empty columns."""
    assert (
        kinds_of_columns(("1-beta", "2"), ("5 bidders", "1"), ("1 left, to be sold", "2"), ("", "?"))
        == [None] * 4
    )


def test_sentences_may_be_broken_and_hashes_are_small():
    """So that tables are no wider than they need be; names and short words stay whole."""
    assert kinds_of_columns(("bayou-energy", "keel"), ("so long " * 5, ""), ("0a" * 32, "ff" * 32)) == [
        None,
        "words",
        "code",
    ]


def test_long_tables_scroll_in_a_box_of_their_own():
    """A page with thousands of rows can still be leafed through."""

    def boxes(count: int) -> list[str | None]:
        table = Table(columns=("n",), rows=tuple((str(row),) for row in range(count)))
        return [one["class"] for one in read(page(Section(title="T", tables=(table,)))).all("div")]

    assert boxes(LONG - 1) == ["table"]
    assert boxes(LONG) == ["table long"]


def test_pictures_keep_their_size_free_and_are_never_blown_up():
    """The still picture has the size of the drawing, so that nothing jumps when it is loaded or drawn anew."""
    reader = read(page(SECTIONS[0]))
    (image,) = reader.all("img")
    drawing = base64.b64decode(str(image["src"]).partition(",")[2]).decode()
    assert f'width="{image["width"]}" height="{image["height"]}"' in drawing
    (plot,) = [one for one in reader.all("div") if one.get("class") == "plot"]
    assert plot["style"] == f"--natural:{image['width']}px"


def test_only_the_own_scripts_may_run():
    """The policy names each script that is run by its digest, and no other; a page without figures may run none."""
    text = page(SECTIONS[0])
    policy = text[text.index("script-src") :].split(";")[0]
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digests = [base64.b64encode(sha256(script.encode()).digest()).decode() for script in scripts]
    assert policy == "script-src " + " ".join(f"'sha256-{digest}'" for digest in digests)
    assert len(digests) == 2
    assert "script-src 'none'" in page(Section(title="Words", paragraphs=("Words.",)))


@pytest.mark.parametrize("names", [("one", "one"), ("One",), ("a b",), ("",), ('x"><script>',)])
def test_names_that_are_no_addresses_are_refused(names):
    """Names of figures are addresses in the page, and of files."""
    figures = tuple(Figure(name=name, spec=SPEC, caption="") for name in names)
    with pytest.raises(ValueError, match="names of figures"):
        page(Section(title="T", figures=figures))


def test_figures_are_written_as_vectors_and_as_pixels(tmp_path):
    """In folders that are made, over older ones; no other format is."""
    for suffix, begins in (("svg", b"<svg"), ("png", b"\x89PNG")):
        path = tmp_path / "new" / f"one.{suffix}"
        for _ in range(2):
            export_figure(FIGURE, path)
        assert path.read_bytes().startswith(begins)
    with pytest.raises(ConfigurationError, match=r"\.svg or \.png"):
        export_figure(FIGURE, tmp_path / "one.pdf")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["one.png", "one.svg"]


def test_what_cannot_be_written_is_told_of(tmp_path):
    """A folder in the way is one line, and leaves nothing half written."""
    (tmp_path / "one.svg").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_whole(tmp_path / "one.svg", b"")
    assert [path.name for path in tmp_path.iterdir()] == ["one.svg"]


def test_both_looks_say_the_same():
    """A dark page differs from a light one in colours alone."""

    def shape(look: object) -> object:
        if isinstance(look, dict):
            return {key: shape(value) for key, value in look.items()}
        if isinstance(look, list):
            return [shape(value) for value in look]
        return "colour" if re.fullmatch(r"#[0-9a-f]{6}", str(look)) else look

    assert theme() != theme(is_dark=True)
    assert shape(theme()) == shape(theme(is_dark=True))


@pytest.mark.parametrize("is_dark", [False, True])
@pytest.mark.parametrize(
    "mark",
    ["arc", "area", "bar", "circle", "line", "point", "rect", "rule", "square", "text", "tick", "trail"],
)
def test_marks_without_a_colour_take_the_theme_s(mark, is_dark):
    """None has the library's own blue, or black, which is lost on a dark page."""
    spec = {
        "data": {"values": [{"a": 1, "b": 2}, {"a": 2, "b": 3}]},
        "mark": mark,
        "encoding": {
            "x": {"field": "a", "type": "quantitative"},
            "y": {"field": "b", "type": "quantitative"},
        },
    }
    look = theme(is_dark=is_dark)
    drawing = import_converter().vegalite_to_svg(spec, config=look)
    colours = set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]+|[a-z]+)"', drawing)) - {"none", "transparent"}
    assert colours <= set(re.findall(r"#[0-9a-f]{6}", str(look)))


@pytest.mark.parametrize("is_dark", [False, True])
def test_words_and_colours_stand_out(is_dark):
    """Words have a contrast of 4.5 at least to the page, and colours of data of 2.2, labelled beside as they are."""
    look = theme(is_dark=is_dark)
    paper = look["style"]["hollow"]["color"]
    words = [look["axis"]["labelColor"], look["axis"]["titleColor"], look["text"]["color"]]
    assert min(contrast(word, paper) for word in words) >= 4.5
    assert min(contrast(colour, paper) for colour in look["range"]["category"]) >= 2.2
    assert contrast(look["style"]["accent"]["color"], paper) >= 4.5


def contrast(one: str, other: str) -> float:
    """Return the ratio of two colours' luminances as WCAG defines it, 1..21."""

    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
