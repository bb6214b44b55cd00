"""Pictures of what was reported: signals, values, and values of bundles, with the prices that were paid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from openoutcry.lab.pictures.libraries import import_altair
from openoutcry.lab.pictures.page import Figure
from openoutcry.lab.pictures.theme import ACCENT, HOLLOW, LABEL, REFERENCE, REFERENCE_LABEL, WIDTH
from openoutcry.lab.pictures.transcript.amounts import as_number, show_amount, show_money
from openoutcry.lab.pictures.transcript.bidders import Series, series_color
from openoutcry.lab.pictures.transcript.hover import hover
from openoutcry.lab.pictures.transcript.story import Reporting, Story
from openoutcry.mechanisms.conversation import TypeReport
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.mechanisms.threshold_lottery import find_entries
from openoutcry.protocol.messages import ReportKind

ROWS = 60
"""Bidders up to which each has a bar, or a row, of its own."""

BUNDLES = 40
"""Bundles up to which reported values are shown for each."""

LABELLED_BUNDLES = 12
"""Bundles up to which every value is written out."""

TICKS = 20
"""Signals that are written at an axis, at most."""

BINS = 30
"""Bars of a count of reported values."""


def value_figures(story: Story, series: Series) -> Iterator[Figure]:
    """Yield what was reported: bars, counts where bidders are many, and a field of bundles where there are several."""
    market = story.market
    if isinstance(market, TypeMarket) and not market.environment.is_single_parameter:
        if len(market.environment.bundles) <= BUNDLES and len(market.bidders) <= ROWS:
            yield _bundles(story, market)
        return
    rows = _reported(story, series)
    if all(row["value"] is None for row in rows):
        return
    if len(rows) <= ROWS:
        yield _bars(story, series, rows)
    else:
        yield _histogram(story, series, rows)


def _reported(story: Story, series: Series) -> list[dict[str, Any]]:
    """Return for each bidder that was asked for a value or a signal what it reported, the highest first."""
    entries = _entries(story)
    rows: dict[str, dict[str, Any]] = {}
    for report in story.reports:
        if report.kind is not ReportKind.BELIEF and report.bidder not in rows:
            rows[report.bidder] = {
                "bidder": report.bidder,
                "series": series.of.get(report.bidder, ""),
                "record": report.sent,
                "wave": report.wave,
                "stage": report.stage,
                "entry": entries.get(report.bidder),
                **_value(story, report),
                **_truth(story, report.bidder),
            }
    return sorted(rows.values(), key=lambda row: -row["value"] if row["value"] is not None else 1)


def _value(story: Story, report: Reporting) -> dict[str, object]:
    value, market = reported_value(story, report), story.market
    if value is None:
        return {"value": None, "shown": report.stage}
    if isinstance(market, TypeMarket):
        return {"value": as_number(value, market), "shown": show_amount(value, market)}
    return {"value": value, "shown": str(value)}


def reported_value(story: Story, report: Reporting) -> int | None:
    """Return what was reported: a signal, or a value in minor units where a type is one number."""
    if report.opened is None:
        return None
    said, market = report.opened.report, story.market
    if isinstance(said, int):
        return said
    if said.value is None or not isinstance(market, TypeMarket) or not market.environment.is_single_parameter:
        return None
    return market.value(market.names.index(report.bidder), said.value)


def _truth(story: Story, name: str) -> dict[str, object]:
    known, market = story.known.get(name), story.market
    if known is None:
        return {}
    if isinstance(known, int):
        return {"truth": known}
    assert isinstance(market, TypeMarket)
    return {"truth": as_number(market.value(market.names.index(name), known.value), market)}


def _entries(story: Story) -> Mapping[str, int]:
    """Return from which own signal on whom the threshold lottery may serve."""
    if story.session.specification.mechanism != "threshold-lottery" or story.settled is None:
        return {}
    signals = dict.fromkeys(story.players, 0)
    for report in story.reports:
        if report.opened is not None:
            signals[report.bidder] = cast(int, report.opened.report)
    entries = find_entries(cast(Market, story.played_market()), tuple(signals.values()))
    return {story.players[place]: entry for place, entry in entries.items()}


def _bars(story: Story, series: Series, rows: Sequence[dict[str, Any]]) -> Figure:
    alt = import_altair()
    values = [{**row, "place": place, "start": row["value"] or 0} for place, row in enumerate(rows)]
    y = alt.Y(
        "bidder:N",
        title=None,
        sort=alt.EncodingSortField(field="place", op="min"),
        axis=alt.Axis(labelLimit=160, ticks=False),
    )
    base = alt.Chart(alt.Data(values=values)).encode(y=y)
    axis = _value_axis(story)
    x = alt.X("value:Q", title=_value_title(story), axis=axis)
    color = series_color(series, (row["series"] for row in rows))
    layers = [
        base.mark_bar(height={"band": 0.62}).encode(
            x=x,
            color=color,
            tooltip=hover(
                "bidder:N", "shown:N", "series:N", "record:Q", "wave:Q", shown="reported", series=series.title
            ),
        ),
        base.mark_text(style=LABEL, align="left", dx=5).encode(x=alt.X("start:Q", axis=axis), text="shown:N"),
    ]
    caption = ["What each bidder reported, the highest first."]
    if any("truth" in row for row in rows):
        layers.append(
            base.mark_tick(style=REFERENCE, thickness=3).encode(
                x=alt.X("truth:Q", axis=axis), tooltip=hover("bidder:N", "truth:Q")
            )
        )
        caption.append("A grey tick is what it privately knew.")
    if any(row["entry"] is not None for row in rows):
        layers.append(
            base.mark_point(style=HOLLOW, shape="triangle-right", size=110, opacity=1)
            .transform_filter("datum.entry !== null")
            .encode(
                x=alt.X("entry:Q", axis=axis),
                tooltip=hover("bidder:N", "entry:Q", entry="may buy from signal"),
            )
        )
        caption.append(
            "A hollow triangle is the lowest own signal with which it may buy, the others' being as they are."
        )
    layers += _price_rules(story, caption)
    step = max(13, min(30, 700 // len(rows)))
    chart = alt.layer(*layers).properties(width=WIDTH, height=alt.Step(step))
    return Figure(name="values", spec=chart.to_dict(), caption=" ".join(caption))


def _value_title(story: Story) -> str:
    market = story.market
    return f"reported value, {market.currency}" if isinstance(market, TypeMarket) else "reported signal"


def _value_axis(story: Story) -> Any:
    alt, market = import_altair(), story.market
    if isinstance(market, TypeMarket):
        return alt.Axis(tickCount=8)
    every = -(-market.signal_levels // TICKS)
    return alt.Axis(values=list(range(0, market.signal_levels, every)), format="d")


def _price_rules(story: Story, caption: list[str]) -> list[Any]:
    """Return a rule at each price that somebody pays, where values and prices share an axis; say so in the caption."""
    market = story.market
    if not isinstance(market, TypeMarket) or story.outcome is None or not story.outcome.awards:
        return []
    alt = import_altair()
    prices = sorted({award.price for award in story.outcome.awards})
    rows = [{"price": as_number(price, market), "words": show_money(price, market)} for price in prices]
    base = alt.Chart(alt.Data(values=rows))
    caption.append("A dashed line is a price that is paid.")
    return [
        base.mark_rule(style=REFERENCE).encode(x="price:Q", tooltip=hover("words:N", words="price")),
        base.mark_text(style=REFERENCE_LABEL, align="left", baseline="bottom", dx=3, y=-3).encode(
            x="price:Q", text="words:N"
        ),
    ]


def _histogram(story: Story, series: Series, rows: Sequence[dict[str, Any]]) -> Figure:
    alt = import_altair()
    known = [row for row in rows if row["value"] is not None]
    left = len(rows) - len(known)
    caption = [f"How many of {len(rows)} bidders reported which value."]
    if left:
        caption.append(f"{left} {'is' if left == 1 else 'are'} not counted: withheld or sealed.")
    is_coarse = len({row["value"] for row in known}) > BINS
    x = alt.X("value:O", title=_value_title(story), axis=alt.Axis(labelAngle=0))
    if is_coarse:
        x = alt.X("value:Q", title=_value_title(story), bin=alt.Bin(maxbins=BINS))
    color = series_color(series, (row["series"] for row in known))
    bars = alt.Chart(alt.Data(values=known)).mark_bar()
    y = alt.Y("count():Q", title="bidders", axis=alt.Axis(tickMinStep=1))
    layers = [
        bars.encode(x=x, y=y, color=color, tooltip=[*hover("series:N", series=series.title), "count():Q"])
    ]
    if is_coarse:
        layers += _price_rules(story, caption)
    chart = alt.layer(*layers).properties(width=WIDTH, height=220)
    return Figure(name="values", spec=chart.to_dict(), caption=" ".join(caption))


def _bundles(story: Story, market: TypeMarket) -> Figure:
    """Return a field of what each bundle is worth to each bidder, as it reported; what is bought is framed."""
    alt = import_altair()
    goods = market.environment.goods
    names = ["+".join(goods[good] for good in bundle) for bundle in market.environment.bundles]
    bought = _bought(story)
    cells = []
    for report in story.reports:
        said = report.opened.report if report.opened is not None else None
        if report.kind is ReportKind.BELIEF or (not isinstance(said, TypeReport) and said is not None):
            continue
        bidder = market.names.index(report.bidder)
        for place, name in enumerate(names):
            known = said is not None and said.value is not None
            value = market.value(bidder, said.value, place) if known else None  # type: ignore[union-attr, arg-type]
            cells.append(
                {
                    "bidder": report.bidder,
                    "place": bidder,
                    "bundle": name,
                    "order": place,
                    "value": None if value is None else as_number(value, market),
                    "shown": report.stage if value is None else show_amount(value, market),
                    "bought": bought.get((report.bidder, market.environment.bundles[place]), ""),
                    "record": report.sent,
                }
            )
    base = alt.Chart(alt.Data(values=cells)).encode(
        x=alt.X(
            "bundle:N",
            title=None,
            sort=alt.EncodingSortField(field="order", op="min"),
            axis=alt.Axis(labelAngle=-30),
        ),
        y=alt.Y("bidder:N", title=None, sort=alt.EncodingSortField(field="place", op="min")),
        tooltip=hover(
            "bidder:N", "bundle:N", "shown:N", "bought:N", "record:Q", shown="reported", bought="in the end"
        ),
    )
    layers = [
        base.mark_rect().encode(
            color=alt.Color(
                "value:Q", title=f"value, {market.currency}", scale=alt.Scale(scheme="blues", domainMin=0)
            )
        ),
        base.mark_rect(style=ACCENT, filled=False, strokeWidth=2.5).transform_filter("datum.bought !== ''"),
    ]
    if len(names) <= LABELLED_BUNDLES:
        layers.append(base.mark_text(style=LABEL).encode(text="shown:N", color=_contrast(alt, cells)))
    width = min(WIDTH, 80 * len(names))
    chart = alt.layer(*layers).properties(width=width, height=alt.Step(30))
    return Figure(
        name="values",
        spec=chart.to_dict(),
        caption=f"What each bidder reported that it would pay for each choice of goods, in {market.currency}. A red"
        " frame is what it buys.",
    )


def _contrast(alt: Any, cells: Sequence[Mapping[str, Any]]) -> Any:
    """Return the colour of words on cells that are the darker the greater their value is."""
    highest = max((cell["value"] or 0 for cell in cells), default=0)
    return alt.condition(f"datum.value > {highest * 0.6}", alt.value("white"), alt.value("#1f2328"))


def _bought(story: Story) -> dict[tuple[str, tuple[int, ...]], str]:
    awards = story.outcome.awards if story.outcome else ()
    return {
        (
            story.session.members[award.bidder].name,
            award.goods,
        ): f"buys it for {show_money(award.price, story.market)}"
        for award in awards
    }
