"""The page of one transcript: what is told of it, in which order, in words, pictures and tables."""

from __future__ import annotations

from collections.abc import Sequence

from openoutcry.lab.pictures.page import Figure, Section, render_page
from openoutcry.lab.pictures.transcript import explanations, tables
from openoutcry.lab.pictures.transcript.amounts import show_money
from openoutcry.lab.pictures.transcript.beliefs import belief_figures
from openoutcry.lab.pictures.transcript.bidders import series_of
from openoutcry.lab.pictures.transcript.clocks import clock_figures
from openoutcry.lab.pictures.transcript.discovery import read_discovery
from openoutcry.lab.pictures.transcript.prices import price_figure, price_source
from openoutcry.lab.pictures.transcript.reports import report_figures, report_table
from openoutcry.lab.pictures.transcript.rewards import reward_figure
from openoutcry.lab.pictures.transcript.story import Stop, Story
from openoutcry.lab.pictures.transcript.window import window_figures
from openoutcry.lab.release import release
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.protocol.messages import OutcomeDeclared

_WHAT_WAS_KEPT = "what a local run kept of what its bidders privately knew, which nobody signed"

NAMED_BUYERS = 4
"""Buyers that are named in the first sentence, at most."""


def transcript_page(story: Story, *, effects: Sequence[str] = ()) -> str:
    """Return the page of a transcript: one HTML file that opens offline.

    Args:
        story: What is told.
        effects: What strategic deviations did, one sentence each, for who has worked it out.

    Raises:
        ConfigurationError: The libraries that draw are not installed.
    """
    session = story.session
    return render_page(
        title=session.specification.title,
        subtitle=f"{session.specification.mechanism}: {headline(story)}",
        sections=transcript_sections(story, effects=effects),
        footer=f"Made of session {session.session_id.hex()} by Open Outcry {release()}, auctioneer replay --html.",
    )


def transcript_figures(story: Story) -> tuple[Figure, ...]:
    """Return all pictures of a transcript's page, in its order."""
    return tuple(figure for section in transcript_sections(story) for figure in section.figures)


def transcript_sections(story: Story, *, effects: Sequence[str] = ()) -> tuple[Section, ...]:
    """Return what a transcript's page tells.

    Raises:
        ConfigurationError: The libraries that draw are not installed.
    """
    sections = (
        _outcome(story),
        *_play(story),
        _deviations(story, effects),
        _waves(story),
        _verification(story),
        Section(title="Who took part", tables=(tables.roster_table(story),)),
    )
    return tuple(section for section in sections if _says_something(section))


def headline(story: Story) -> str:
    """Return the end of the session in one clause."""
    if story.outcome is None:
        return "no outcome"
    sale = _sale(story, story.outcome)
    if story.settled is not None:
        return sale
    is_sealed = story.stop is not None and story.stop.kind == "sealed"
    return f"{sale}, as the log declares" if is_sealed else f"not confirmed: the log declares that {sale}"


def _sale(story: Story, outcome: OutcomeDeclared) -> str:
    market = story.market
    if not outcome.awards:
        return "nothing is sold"
    members = story.session.members
    several = isinstance(market, TypeMarket) and len(market.environment.goods) > 1
    bought = [
        f"{members[award.bidder].name} buys"
        + (f" {'+'.join(market.environment.goods[good] for good in award.goods)}" if several else "")  # type: ignore[union-attr]
        + f" for {show_money(award.price, market)}"
        for award in outcome.awards[:NAMED_BUYERS]
    ]
    more = len(outcome.awards) - len(bought)
    return ", ".join(bought) + (f", and {more} more buy" if more else "")


def _says_something(section: Section) -> bool:
    return bool(section.paragraphs or section.figures or section.tables or section.html)


def _outcome(story: Story) -> Section:
    first = f"{headline(story)}."
    if story.settled is None or not (story.outcome and story.outcome.awards):
        # A bidder's name, with which other headlines begin, stands as it is.
        first = first[0].upper() + first[1:]
    if story.outcome is not None:
        reason = story.outcome.reason
        first += f" Why: {reason}."
    paragraphs = [first]
    if story.stop is not None:
        paragraphs.append(_tell_stop(story, story.stop))
    paragraphs += [_verdict(story), explanations.about_mechanism(story)]
    found = (tables.outcome_table(story), tables.facts_table(story))
    return Section(
        title="Outcome",
        paragraphs=tuple(paragraphs),
        tables=tuple(table for table in found if table is not None),
    )


def _tell_stop(story: Story, stop: Stop) -> str:
    """Return why the story ends where it does, and what stands behind that."""
    declared = (
        " The outcome above is what the log declares; it was not computed again."
        if story.outcome is not None
        else ""
    )
    match stop.kind:
        case "sealed":
            return (
                f"This is told up to record {stop.record}: from there on {stop.why}. With --disclosure FILE it goes on."
                f"{declared}"
            )
        case "departs":
            return (
                f"This is told up to record {stop.record}, where the log departs from the rules: {stop.why}. What"
                f" stands behind it follows from nothing.{declared}"
            )
        case "void":
            return f"The session is void since record {stop.record}: {stop.why}. Nothing was sold and nobody pays."
        case "unfinished":
            return f"This is told up to record {stop.record} of {story.records}, and there is no outcome: {stop.why}."


def _verdict(story: Story) -> str:
    verification = story.verification
    failure = verification.first_failure
    if failure is not None:
        where = "" if failure.index is None else f" at record {failure.index}"
        return f"The transcript does NOT verify: {failure.name} fails{where}: {failure.detail}."
    if verification.is_sealed:
        return "The transcript verifies as far as it can be checked: its reports are sealed."
    if verification.is_undecided:
        return "Integrity and authorship hold; the rest cannot be worked out on this machine."
    return "The transcript verifies: all four levels are valid."


def _play(story: Story) -> Sequence[Section]:
    """Return what was asked and answered, and what followed from it."""
    discovery = read_discovery(story)
    series = series_of(story, discovery)
    clocks = clock_figures(story, series)
    sections = []
    if clocks:
        is_posted = story.session.specification.mechanism == "posted-prices"
        title = "Offers" if is_posted else "Clocks"
        sections.append(Section(title=title, paragraphs=(explanations.about_clocks(story),), figures=clocks))
    reports = report_table(story)
    if reports is not None:
        sections.append(
            Section(
                title="Reports",
                paragraphs=(explanations.about_reports(story), *_about_reports(story)),
                figures=report_figures(story, series),
                tables=(reports,),
            )
        )
    if discovery is not None:
        sections.append(
            Section(
                title="The window",
                paragraphs=explanations.about_window(discovery),
                figures=window_figures(story, discovery, series),
                tables=(tables.discovery_table(discovery),),
            )
        )
    if story.stop is not None and story.stop.kind == "departs":
        # What is declared there follows from nothing, so neither do prices and rewards.
        return [*sections, Section(title="Beliefs", figures=tuple(belief_figures(story)))]
    source = price_source(story)
    pictures = [*belief_figures(story), price_figure(story), reward_figure(story)]
    sections.append(
        Section(
            title="Beliefs, prices and rewards",
            paragraphs=(source,) if source else (),
            figures=tuple(figure for figure in pictures if figure is not None),
        )
    )
    return sections


def _about_reports(story: Story) -> tuple[str, ...]:
    sealed = [report for report in story.reports if report.stage == "sealed"]
    if not sealed or (story.stop and story.stop.kind != "sealed"):
        return ()
    return (
        f"{len(sealed)} reports are sealed: the log proves when each was committed to and opened to the auctioneer, and"
        " says nothing of what is in them.",
    )


def _deviations(story: Story, effects: Sequence[str]) -> Section:
    table = tables.deviation_table(story)
    if table is not None:
        return Section(
            title="Deviations",
            tables=(table,),
            paragraphs=(
                explanations.about_deviations(story),
                *map(_as_sentence, effects),
                _about_truth(story),
            ),
        )
    nobody = "Nobody departed from the protocol" + (", as far as this is told" if story.stop else "")
    return Section(title="Deviations", paragraphs=(f"{nobody}.", _about_truth(story)))


def _as_sentence(clause: str) -> str:
    return f"{clause[:1].upper()}{clause[1:]}."


def _about_truth(story: Story) -> str:
    if not story.known:
        return "Whether answers were truthful cannot be told: it is not known what bidders privately knew."
    if story.stop is not None:
        return "Whether answers were truthful cannot be told: the session is told only in part."
    if any(mark.kind == "strategic" for mark in story.marks):
        return f"Answers were compared with {_WHAT_WAS_KEPT}."
    return f"Every answer was truthful, by {_WHAT_WAS_KEPT}."


def _waves(story: Story) -> Section:
    found = [tables.wave_table(story)] if story.turns else []
    if (draws := tables.draw_table(story)) is not None:
        found.append(draws)
    paragraphs = (explanations.about_waves(story),) if found else ()
    return Section(title="Waves and draws", paragraphs=paragraphs, tables=tuple(found))


def _verification(story: Story) -> Section:
    return Section(title="Verification", tables=(tables.verification_table(story),))
