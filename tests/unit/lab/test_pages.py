"""Pages: one file, whole, offline, the same bytes each time, and nothing in it that a text could break."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from openoutcry.errors import ConfigurationError
from openoutcry.lab.pictures.export import export_figure, write_whole
from openoutcry.lab.pictures.page import Figure, Section, Table, render_page
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
    assert [one["scope"] for one in reader.all("th")] == ["col", "col"]
    regions = [one for one in reader.all("div") if one.get("role") == "region"]
    assert [one["tabindex"] for one in regions] == ["0"]


def test_a_page_without_figures_has_no_scripts():
    """Nor contents when there is one section only."""
    text = page(Section(title="Words", paragraphs=("Words.",)))
    reader = read(text)
    assert reader.all("script") == reader.all("nav") == []
    assert len(text) < 10_000


def test_columns_of_numbers_stand_to_the_right():
    """Also with intervals and signs; what is no number does not."""
    table = Table(
        columns=("name", "interval", "percent", "unknown", "version"),
        rows=(("a", "0.1 [0, 1]", "+2.5% [1, 4]", "?", "1-beta"), ("b", "12", "-3%", "7", "2-beta")),
    )
    reader = read(page(Section(title="T", tables=(table,))))
    assert [one.get("class") for one in reader.all("th")] == [None, "number", "number", "number", None]


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
