"""Every text that somebody else chose, wherever it reaches a page: read there, and never a part of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from openoutcry.lab.campaigns.campaign import loads
from openoutcry.lab.campaigns.manifest import Circumstances, describe
from openoutcry.lab.campaigns.running import MANIFEST_FILE, open_directory, run_campaign
from openoutcry.lab.pictures.transcript import read_story, transcript_page
from openoutcry.lab.reporting.report import make_report
from openoutcry.lab.reporting.result import open_result
from openoutcry.lab.reporting.sections import render_report
from openoutcry.mechanisms import Specification, Timing
from openoutcry.mechanisms.crowd.distributions import Product
from openoutcry.mechanisms.crowd.environment import Environment
from openoutcry.session.values import Cancelled
from openoutcry.simulation import simulate_session
from tests.integration.campaign_engines import Inline
from tests.simulation.crowd_stage import knowledge, make_type_market
from tests.simulation.markets import make_market, make_specification
from tests.simulation.stage import CODEC, Stage

SCRIPTS = 4
"""Of a page with charts: two of data, the library, and what draws."""


def nasty(number: int) -> str:
    """Return a short text that would break out of markup, of an attribute, of a script or of a template."""
    return f"{number}</script><img src=x onerror=alert(1)>\"'`<!--$title"


SHORT = '</script><i x="'
"""As nasty as a currency can be."""


class Elements(HTMLParser):
    """Collects the elements of a page and what is read on it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs) -> None:
        """Take up an element."""
        self.elements.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_endtag(self, tag) -> None:
        """Close it."""
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data) -> None:
        """Take up what stands in it."""
        if self._open and self._open[-1] == "script":
            self.scripts.append(data)
        else:
            self.words += data


def check(page: str, texts: Mapping[str, str]) -> None:
    """Every text is read on the page as it is, and the page has the elements of a page, no more."""
    found = Elements(page)
    for what, text in texts.items():
        assert text in found.words, what
    tags = [tag for tag, _ in found.elements]
    assert tags.count("script") == SCRIPTS
    pictures = [attributes for tag, attributes in found.elements if tag == "img"]
    assert pictures
    assert all(str(attributes["src"]).startswith("data:image/svg+xml;base64,") for attributes in pictures)
    assert not any(key.startswith("on") for _, attributes in found.elements for key in attributes)
    # What is embedded for scripts is still the JSON that it was.
    for script in found.scripts[:2]:
        json.loads(script)


def test_all_texts_of_a_market_of_signals() -> None:
    """Title, lot, currency, groups and names of bidders, and the release that an agent says it is."""
    names = [nasty(number) for number in range(4)]
    texts = {"title": nasty(4), "lot": nasty(5), "currency": SHORT, "group": nasty(7)}
    market = make_market(4, groups=2)
    market = replace(
        market,
        lot=texts["lot"],
        currency=texts["currency"],
        groups=(texts["group"], nasty(8)),
        bidders=tuple(replace(bidder, name=name) for bidder, name in zip(market.bidders, names, strict=True)),
    )
    for mechanism in ("signal-discovery", "threshold-lottery"):
        specification = Specification(
            title=texts["title"],
            market=replace(market, groups=(texts["group"],), bidders=_in_one_group(market.bidders)),
            mechanism=mechanism,
        )
        session = simulate_session(
            specification, (1, 2, 0, 2), seed="signals", codec=CODEC, strategies=["truthful"] * 4
        )
        page = transcript_page(read_story(session.transcript, CODEC), effects=[nasty(9)])
        check(page, texts | dict(zip("abcd", names, strict=True)))


def _in_one_group(bidders):
    return tuple(
        replace(bidder, group=0, valuation=replace(bidder.valuation, weights=bidder.valuation.weights[:1]))
        for bidder in bidders
    )


def test_all_texts_of_a_market_of_types() -> None:
    """Goods, too, which stand on axes and in tables."""
    goods = (nasty(1)[:30], nasty(2)[:30])
    names = [nasty(number) for number in (3, 4, 5)]
    texts = {"title": nasty(6), "lot": nasty(7), "currency": SHORT}
    market = make_type_market(3, environment=Environment.unit_demand(goods))
    market = replace(
        market,
        lot=texts["lot"],
        currency=texts["currency"],
        bidders=tuple(replace(bidder, name=name) for bidder, name in zip(market.bidders, names, strict=True)),
    )
    specification = Specification(
        title=texts["title"], market=market, mechanism="vcg", timing=Timing(enrol_ms=3000, answer_ms=1000)
    )
    prior = Product.of({player: {0: 1, 1: 1, 2: 1} for player in range(3)})
    session = simulate_session(
        specification, knowledge(prior, (2, 1, 0)), seed="types", codec=CODEC, strategies=["truthful"] * 3
    )
    page = transcript_page(read_story(session.transcript, CODEC))
    check(page, texts | dict(zip((*"abc", "good", "other good"), (*names, *goods), strict=True)))


def test_why_a_session_is_void_and_what_an_agent_says_it_is() -> None:
    """An auctioneer writes the reason, an agent its release."""
    stage = Stage(make_specification(4, mechanism="uniform-clock"))
    hand = stage.hands["ada"]
    release, reason = nasty(1), nasty(2)
    stage.send(hand.say(replace(hand.enrolment(), agent_version=release)))
    stage.enrol(*(name for name in stage.hands if name != "ada"))
    for other in stage.awaited():
        stage.send(other.answer(0))
    for other in stage.awaited()[:2]:
        stage.send(other.answer(1))
    stage.apply(Cancelled(detail=reason))
    check(transcript_page(read_story(stage.transcript(), CODEC)), {"release": release, "reason": reason})


def test_all_texts_of_a_campaign(tmp_path: Path) -> None:
    """Title, seed, the file's own text and the command that played it."""
    title, seed, comment, command = (nasty(number) for number in range(4))
    text = f"""# {comment}
format = "openoutcry-campaign/1"
title = {json.dumps(title)}
seed = {json.dumps(seed)}
replications = 10

[[mechanism]]
name = "uniform-clock"

[[instances]]
generator = "linear"
bidders = [2, 3]
"""
    campaign, directory = loads(text), tmp_path / "out"
    with open_directory(campaign, directory, restart=False):
        finished = run_campaign(campaign, directory, Inline(), tell=lambda count: None)
    circumstances = Circumstances(command=[command], engine="inline", workers=1, seconds=1)
    manifest = describe(campaign, finished, circumstances, directory)
    (directory / MANIFEST_FILE).write_text(json.dumps(manifest), encoding="utf-8")
    page = render_report(make_report(open_result(directory), tell=lambda done, total: None))
    check(page, {"title": title, "seed": seed, "comment": comment})
    assert "onerror" in Elements(page).words


def test_the_checker_sees_a_text_that_broke_out() -> None:
    """A page passes, and does not with a text in it that was put in as it is, in words or in data."""
    session = simulate_session(
        make_specification(4), (1, 2, 0, 2), seed="broken", codec=CODEC, strategies=["truthful"] * 4
    )
    page = transcript_page(read_story(session.transcript, CODEC))
    check(page, {})
    for place in ("</main>", "</script>"):
        with pytest.raises((AssertionError, json.JSONDecodeError)):
            check(page.replace(place, f"{nasty(1)}{place}", 1), {})
