"""The English auction: the price rises until no more bidders are left than there are units.

The clock is one of prices, unlike those of the signal mechanisms: level l stands for the l-th lowest of all
values that anybody in the market may have (`TypeMarket.clock`), and accepting
it says that one would pay that much. Level 0, where clocks start, stands for nothing. The winners pay the
price at which the last other bidder still held on, which is Vickrey's price; but a bidder never has to tell
what it would have paid beyond that.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.amounts import show_in_currency
from openoutcry.mechanisms.asking import ask_climbs
from openoutcry.mechanisms.chance import Chance
from openoutcry.mechanisms.comparison.direct import check_single_parameter, sell_units
from openoutcry.mechanisms.conversation import Answer, Climb, Conversation, Wave
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.crowd.selling import settle
from openoutcry.mechanisms.mechanism import Guarantee, Mechanism
from openoutcry.mechanisms.parameters import check_names

QUESTION_LIMIT = 200_000
"""Questions that a clock may come to ask: each is signed, sent and answered, some thousands a second at best."""


@dataclass(frozen=True, slots=True, kw_only=True)
class English:
    """What a user of the English auction chooses: nothing."""


def converse(market: TypeMarket, parameters: English, chance: Chance) -> Conversation:
    """Run the English auction.

    Args:
        market: One good or identical units.
        parameters: None.
        chance: Unused: this mechanism draws nothing.

    Returns:
        A conversation: at the lowest price everybody is asked at once, since whoever is not there must not
        buy. From then on the active bidders are asked the highest index first, and no further than until as
        many are left as there are units. Questions that will be asked whatever the answers are go out
        together.

    Source: W. Vickrey, 1961. He leaves open who is asked first. When all are asked at once and several leave,
    the last price does not say who buys; asking the bidder that ties favour last makes it buy exactly when it
    should.
    """
    units = market.environment.units[0]
    levels = market.clock
    active = list(range(len(market.bidders)))
    yield from _rise(market, 1, levels, active, spare=0)
    level = 1
    while len(active) > units and level < len(levels):
        level += 1
        yield from _rise(market, level, levels, active, spare=units)
    prices, reason = _close(levels, level, active, units)
    return settle(market, sell_units(prices, reason))


def _rise(
    market: TypeMarket, level: int, levels: tuple[int, ...], active: list[int], *, spare: int
) -> Generator[Wave, tuple[Answer, ...], None]:
    """Raise the clocks to a level until `spare` bidders are left; whoever leaves is taken out of `active`."""

    def state() -> Mapping[str, object]:
        return {"phase": "english", "level": level, "price": levels[level - 1], "active": list(active)}

    waiting = list(active)
    while len(active) > spare and waiting:
        # Even if every one of them leaves, no fewer than `spare` remain: none of these questions can be
        # saved.
        asked = [waiting.pop() for _ in range(min(len(active) - spare, len(waiting)))]
        questions = tuple(Climb(bidder=bidder, target=level) for bidder in asked)
        price = show_in_currency(levels[level - 1], market.minor_units)
        reason = f"the price rises to {price} while {len(active)} bidders hold on"
        answers = yield from ask_climbs(questions, reason=reason, state=state)
        for bidder, answer in zip(asked, answers, strict=True):
            if answer.exited:
                active.remove(bidder)


def _close(
    levels: tuple[int, ...], level: int, active: Sequence[int], units: int
) -> tuple[Mapping[int, int], str]:
    """Return what each winner pays, and why, when the clocks stop at a level with these bidders active."""
    if not active:
        return {}, "nobody is there who would pay the lowest price"
    if len(active) > units:
        price = levels[-1]
        why = "more hold on at the highest price than there are units, and the first of them buy at it"
    elif level == 1:
        price, why = 0, "there is a unit for everybody who is there"
    else:
        # Whoever left last left at this level, so it still held on one level below.
        price = levels[level - 2]
        why = "those left pay the highest price at which the last to leave still held on"
    return dict.fromkeys(active[:units], price), why


# --- What is said of it, and how it is configured ---------------------------------------------------------


def _configure(raw: Mapping[str, object]) -> English:
    check_names("english", raw, ())
    return English()


def _check(market: TypeMarket, parameters: English) -> tuple[str, ...]:
    check_single_parameter("english", market)
    questions = len(market.clock) * len(market.bidders)
    if questions > QUESTION_LIMIT:
        raise ConfigurationError(
            f"english may come to ask {questions} questions ({len(market.bidders)} bidders at "
            f"{len(market.clock)} prices), more than {QUESTION_LIMIT}: use vickrey, which asks "
            "everybody once, or list fewer values"
        )
    return ()


def _guarantee(market: TypeMarket, parameters: English) -> Guarantee:
    text = (
        "all of the welfare: the goods go to those who value them most, all bidders truthful, which is an "
        "obvious equilibrium; no share of revenue is promised"
    )
    return Guarantee(welfare=Fraction(1), revenue=None, text=text)


ENGLISH = Mechanism(
    name="english",
    summary="the price rises until there is enough for all",
    source="the ascending auction; W. Vickrey, Counterspeculation, Auctions, and Competitive Sealed Tenders (1961)",
    parameters=(),
    asks=(
        "The levels of the clock are the values that anybody may have, rising. At the lowest everybody is "
        "asked whether it would pay that price; at each further level those still active are, the last in the "
        "roster first, until as many are left as there are units. Questions that must be asked whatever the "
        "answers are go out together."
    ),
    learns=(
        "The auctioneer learns the values of all who leave, and of the winners only that they hold on; "
        "everybody sees every answer. The winners pay the price that the last bidder to leave had accepted, "
        "ties going to the earlier bidder in the roster: who wins and what it pays is as in vickrey. "
        "Holding on up to one's value is an obvious equilibrium. A silent bidder leaves."
    ),
    repaired=(
        "Clocks count prices, not signals, and move over the listed values only. The order of questions is "
        "ours: with all asked at once it stays open who buys when the last ones leave together."
    ),
    configure=_configure,
    converse=converse,
    guarantee=_guarantee,
    market="types",
    check=_check,
)
