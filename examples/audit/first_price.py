"""Two mechanisms of somebody else's that look right; an audit finds who gains by lying, and by how much.

No session can run them. Try, from the top of the checkout:

    auctioneer audit examples/audit/two_bidders.toml --mechanism examples/audit/first_price.py:FIRST_PRICE
    auctioneer audit examples/scenarios/wallet.toml --mechanism examples/audit/first_price.py:BROKEN_CLOCK --samples 50
"""

from fractions import Fraction

from openoutcry.mechanisms.conversation import Award, Climb, Outcome, ReportType, Wave
from openoutcry.mechanisms.mechanism import Guarantee, Mechanism


def sell_at_first_price(market, parameters, chance):
    """Ask everybody for its value; the highest buys, at what it said."""
    questions = tuple(ReportType(bidder=bidder, asks_value=True) for bidder in range(len(market.bidders)))
    answers = yield Wave(questions=questions, reason="everybody reports its value", state=dict)
    bids = {
        bidder: market.value(bidder, answer.report.value)
        for bidder, answer in enumerate(answers)
        if answer.report is not None
    }
    payments = [Fraction(0)] * len(market.bidders)
    if not bids:
        return Outcome(awards=(), payments=tuple(payments), reason="nobody reported a value")
    winner = max(bids, key=lambda bidder: (bids[bidder], -bidder))
    payments[winner] = Fraction(bids[winner])
    award = Award(bidder=winner, goods=(0,), price=payments[winner])
    return Outcome(awards=(award,), payments=tuple(payments), reason="the highest bid wins and is paid")


def raise_everybody_to_the_end(market, parameters, chance):
    """Raise everybody's clock until it exits; the highest signal buys, at its value at all the signals."""
    target = market.signal_levels - 1
    questions = tuple(Climb(bidder=bidder, target=target) for bidder in range(len(market.bidders)))
    answers = yield Wave(questions=questions, reason="all clocks rise to the end", state=dict)
    clocks = [answer.level for answer in answers]
    winner = max(range(len(clocks)), key=lambda bidder: (clocks[bidder], -bidder))
    payments = [Fraction(0)] * len(clocks)
    # The mistake: the price moves with what the winner said of itself.
    payments[winner] = Fraction(market.value(winner, market.sums(clocks)))
    award = Award(bidder=winner, goods=(0,), price=payments[winner])
    return Outcome(awards=(award,), payments=tuple(payments), reason="the highest signal buys at its value")


def promise_nothing(market, parameters):
    """Promise no share of anything: what is audited is truth."""
    return Guarantee(welfare=None, revenue=None, text="none")


def mechanism(name, summary, converse, market):
    """Make a mechanism of a function, with nothing to choose."""
    return Mechanism(
        name=name,
        summary=summary,
        source="an example",
        parameters=(),
        asks="See its function.",
        learns="See its function.",
        repaired="Nothing.",
        configure=lambda raw: None,
        converse=converse,
        guarantee=promise_nothing,
        market=market,
    )


FIRST_PRICE = mechanism("first-price", "the highest bid wins and is paid", sell_at_first_price, "types")

BROKEN_CLOCK = mechanism(
    "broken-clock", "the highest signal buys, at its value by all", raise_everybody_to_the_end, "signals"
)
