"""`auctioneer replay --swap`: what a session would have been with others in its bidders' places, beside what it was."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, redirect_stdout
from difflib import get_close_matches
from fractions import Fraction
from pathlib import Path

from rich.console import Console

from auctioneer.cli.counterfactual_waves import change_lines, change_values
from auctioneer.cli.printing import amount, print_json, say, show_amount, show_money
from auctioneer.cli.replays import prepare_replays, read_session
from auctioneer.cli.tables import STRATEGY_BREAKS, Column, print_table
from openoutcry.errors import UsageError
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.session.disclosure import Disclosure
from openoutcry.session.narration import describe_type
from openoutcry.simulation.counterfactual import Counterfactual, Counterfactuals, Part
from openoutcry.simulation.play import PlayResult
from openoutcry.simulation.recording import Recording
from openoutcry.simulation.replaying import Played
from openoutcry.strategies import StrategyFactory, load_strategy

ALL = "all"
"""In place of a bidder's name: everybody who took part."""

NAMED_GAINS = 6
"""Bidders whose gains are told one by one in the last line."""


def replay_swapped(
    path: Path,
    swaps: Sequence[str],
    *,
    private: Path | None,
    disclosure: Disclosure | None,
    as_json: bool,
) -> None:
    """Play the session of a transcript again with other strategies, and tell what changed.

    Args:
        path: Of the transcript.
        swaps: Each NAME=STRATEGY, or all=STRATEGY.
        private: File of private types; None takes types from what the bidders reported.
        disclosure: Makes sealed reports readable.
        as_json: Whether to print one JSON object.

    Raises:
        TranscriptError: The transcript does not hold.
        OpenOutcryError: A swap cannot be understood or played, or needs what nobody knows.
    """
    progress = Console(stderr=True)
    working = progress.status("playing again") if progress.is_terminal else nullcontext()
    # What strategies print is theirs; ours stays readable, for programs above all.
    with working, redirect_stdout(sys.stderr):
        recording = read_session(path, disclosure)
        strategies = read_swaps(swaps, recording)
        replays = prepare_replays(recording, private, runs_code=True)
        found = replays.swap(strategies)
    if as_json:
        print_json(counterfactual_values(replays, found, private))
    else:
        show_counterfactual(Console(), replays, found, private)


def read_swaps(texts: Sequence[str], recording: Recording) -> dict[str, StrategyFactory]:
    """Return the strategies that are to play, by bidder; a bidder's own goes before that of all.

    Raises:
        UsageError: A text is no swap, names nobody, or a bidder is given two.
        StrategyError: A strategy cannot be found or made.
    """
    names = recording.specification.market.names
    everybody: dict[str, StrategyFactory] = {}
    chosen: dict[str, StrategyFactory] = {}
    for text in texts:
        name, strategy = _split(text, names)
        factory = load_strategy(strategy)
        # Wrong options are told before anything is played.
        factory.make()
        given = dict.fromkeys((names[player] for player in recording.players), factory)
        # A bidder may be called so; then that bidder is meant.
        is_all = name == ALL and ALL not in names
        target = everybody if is_all else chosen
        if not is_all:
            given = {name: factory}
        if target.keys() & given.keys():
            raise UsageError(f"--swap {text}: {name} is given two strategies: give it one")
        target |= given
    return everybody | chosen


def _split(text: str, names: Sequence[str]) -> tuple[str, str]:
    """Return the bidder and the strategy of a swap; a name may itself have an equals sign in it."""
    for name in sorted([*names, ALL], key=len, reverse=True):
        if text.startswith(f"{name}=") and len(text) > len(name) + 1:
            return name, text[len(name) + 1 :]
    name, equals, strategy = text.partition("=")
    if not equals or not name or not strategy:
        raise UsageError(f"--swap {text}: write NAME=STRATEGY, such as {names[0]}=truthful, or all=truthful")
    near = get_close_matches(name, names, n=1)
    advice = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}, and all"
    raise UsageError(f"--swap {text}: there is no bidder {name!r} in this session: {advice}")


# --- For programs. ---


def counterfactual_values(
    replays: Counterfactuals, found: Counterfactual, private: Path | None
) -> dict[str, object]:
    """Return a counterfactual as one JSON object."""
    names = found.before.result.names
    return {
        "session": replays.recording.session_id.hex(),
        "void": replays.recording.void_reason or None,
        "private": None if private is None else str(private),
        "notes": notes(replays, found, private),
        "parts": [
            {
                "bidder": part.bidder,
                "role": part.role,
                "strategy": part.strategy or None,
                "reason": part.reason or None,
                "left_in_wave": part.left_in_wave,
            }
            for part in found.parts
        ],
        "first_change": found.first_change,
        "waves": change_values(replays, found),
        "recorded": _result_values(found.before.result),
        "replayed": _result_values(found.after.result),
        "change": {
            "utilities": {name: amount(gain) for name, gain in zip(names, found.gains, strict=True)},
            "welfare": found.welfare,
            "revenue": amount(found.revenue),
        },
    }


def _result_values(result: PlayResult) -> dict[str, object]:
    def by_name(values: Sequence[Fraction]) -> dict[str, int | str]:
        """Return an amount for each bidder."""
        return {name: amount(value) for name, value in zip(result.names, values, strict=True)}

    return {
        "winner": result.winner,
        "price": amount(result.price),
        "allocation": {name: "+".join(goods) for name, goods in result.allocation.items()},
        "payments": by_name(result.payments),
        "utilities": by_name(result.utilities),
        "welfare": result.welfare,
        "revenue": amount(result.revenue),
        "reason": result.reason,
        "defaults": [f"{default.bidder}: {default.reason}" for default in result.defaults],
    }


# --- For people. ---


def show_counterfactual(
    console: Console, replays: Counterfactuals, found: Counterfactual, private: Path | None
) -> None:
    """Show what changed, both outcomes, and what the swap earned or cost everybody."""
    market = replays.recording.specification.market
    say(console, f"session {replays.recording.session_id.hex()}, played again with the same draws")
    for note in notes(replays, found, private):
        say(console, f"note: {note}", is_record=True)
    for line in change_lines(replays, found):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print()
    _print_bidders(console, found, market)
    console.print()
    _print_totals(console, found, market)
    console.print()
    for line in gain_lines(found, market):
        say(console, line, is_record=True)


def notes(replays: Counterfactuals, found: Counterfactual, private: Path | None) -> list[str]:
    """Return where types come from, who plays as recorded and why, and what went wrong; one line each."""
    recording, market = replays.recording, replays.recording.specification.market
    lines = []
    if private is None:
        lines.append(
            "taking what bidders answered for what they knew: there is no file of private types, so that a bidder "
            "that lied counts as one that told the truth"
        )
        lines += [
            line
            for bidder, name in enumerate(market.names)
            if (line := _inference_note(replays, bidder, name))
        ]
    if recording.void_reason:
        lines.append(
            f"the session is void ({recording.void_reason}): it is compared with what it would have come to, had it "
            "gone on"
        )
    lines += [_part_note(part) for part in found.parts if part.role == "recorded" and part.reason and private]
    lines += [
        f"wave {part.left_in_wave} asks {part.bidder} something else than recorded: from there it answers truthfully"
        for part in found.parts
        if part.left_in_wave is not None
    ]
    failures = [f"{default.bidder}: {default.reason}" for default in found.after.result.defaults]
    return lines + [f"a default was answered for {failure}" for failure in dict.fromkeys(failures)]


def _inference_note(replays: Counterfactuals, bidder: int, name: str) -> str:
    inference = replays.inferences[bidder]
    if inference.is_exact:
        return ""
    market = replays.recording.specification.market
    taken = replays.private[bidder]
    if isinstance(market, TypeMarket) and not isinstance(taken, int):
        shown = [describe_type(market, bidder, index) for index in inference.candidates]
        least = describe_type(market, bidder, taken.value)
        what = "value"
    else:
        shown, least, what = [str(index) for index in inference.candidates], str(taken), "signal"
    among = " or ".join(shown) if len(shown) <= 2 else f"{shown[0]} to {shown[-1]}"
    if bidder not in replays.recording.players:
        return f"{name} took no part, and nothing is known of its {what}: taken as {least}"
    if not inference.fits:
        return (
            f"no truthful bidder answers as {name} did, so nothing is known of its {what}: taken as {least}"
        )
    return f"the {what} of {name} may be {among} after its answers: taken as {least}, so that values may be higher"


def _part_note(part: Part) -> str:
    played = f" ({part.strategy})" if part.strategy else ""
    return f"{part.bidder}{played} answers as recorded, where it is asked the same: {part.reason}"


def _print_bidders(console: Console, found: Counterfactual, market: Market | TypeMarket) -> None:
    before, after = found.before.result, found.after.result
    columns = [
        Column(heading="bidder"),
        Column(heading="played by", breaks_after=STRATEGY_BREAKS),
        *(
            Column(heading=heading, is_number=True)
            for heading in ("paid", "would pay", "gained", "would gain", "change")
        ),
    ]
    rows = [
        [
            name,
            _player(found.parts[place]),
            *(
                _cell(value, market)
                for value in (
                    before.payments[place],
                    after.payments[place],
                    before.utilities[place],
                    after.utilities[place],
                )
            ),
            _signed(found.gains[place], market),
        ]
        for place, name in enumerate(before.names)
    ]
    emphasized = [part.bidder for part in found.parts if part.role == "swapped"]
    print_table(console, columns, rows, caption=_caption(found, market), emphasized=emphasized, is_light=True)


def _player(part: Part) -> str:
    match part.role:
        case "swapped":
            return f"{part.strategy} (swapped)"
        case "own":
            return part.strategy
        case "recorded":
            return "as recorded"
        case "absent":
            return "nobody"


def _print_totals(console: Console, found: Counterfactual, market: Market | TypeMarket) -> None:
    before, after = found.before.result, found.after.result
    columns = [
        Column(heading=""),
        Column(heading="recorded"),
        Column(heading="replayed"),
        Column(heading="change", is_number=True),
    ]
    rows = [
        ["sold to", _sold(found.before, market), _sold(found.after, market), ""],
        *(
            [
                what,
                show_amount(was, minor_units=market.minor_units),
                show_amount(now, minor_units=market.minor_units),
                _signed(Fraction(now) - was, market),
            ]
            for what, was, now in (
                ("price", before.price, after.price),
                ("revenue", before.revenue, after.revenue),
                ("welfare", before.welfare, after.welfare),
            )
        ),
    ]
    print_table(console, columns, rows, is_light=True)


def _caption(found: Counterfactual, market: Market | TypeMarket) -> str:
    amounts = (*found.before.result.payments, *found.after.result.payments)
    is_rounded = any(value.denominator != 1 for value in amounts)
    return f"money in {market.currency}{', rounded; exact amounts: --json' if is_rounded else ''}"


def _sold(played: Played, market: Market | TypeMarket) -> str:
    has_goods = isinstance(market, TypeMarket) and len(market.environment.goods) > 1
    bought = [
        f"{name}: {'+'.join(goods)}" if has_goods else name
        for name, goods in played.result.allocation.items()
    ]
    return ", ".join(bought) or "nobody"


def gain_lines(found: Counterfactual, market: Market | TypeMarket) -> list[str]:
    """Return what the swap earned or cost each bidder, and did to the seller and to all together."""

    def money(value: Fraction | int) -> str:
        """Return an amount with the currency, without its sign."""
        return show_money(abs(Fraction(value)), currency=market.currency, minor_units=market.minor_units)

    names = found.before.result.names
    gains = {name: gain for name, gain in zip(names, found.gains, strict=True) if gain}
    if len(gains) > NAMED_GAINS:
        gains = _together(gains)
    moved = [f"{'earns' if gain > 0 else 'costs'} {name} {money(gain)}" for name, gain in gains.items()]
    if found.revenue:
        moved.append(f"{'earns' if found.revenue > 0 else 'costs'} the seller {money(found.revenue)}")
    told = ", ".join(moved) or "earns and costs nobody anything"
    if found.welfare:
        raised = "raises" if found.welfare > 0 else "lowers"
        welfare = f"; it {raised} welfare by {money(found.welfare)}"
    else:
        welfare = "; welfare stays the same"
    return [f"{_swapped(found.parts)} {told}{welfare}"]


def _together(gains: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """Return the gains of many bidders as those of all who gain and of all who lose."""
    found: dict[str, Fraction] = {}
    for some in (
        [gain for gain in gains.values() if gain > 0],
        [gain for gain in gains.values() if gain < 0],
    ):
        if some:
            found[
                f"{len(some)} bidder{'' if len(some) == 1 else 's'}{' together' if len(some) > 1 else ''}"
            ] = sum(some, Fraction(0))
    return found


def _swapped(parts: Sequence[Part]) -> str:
    by_strategy: dict[str, list[str]] = {}
    for part in parts:
        if part.role == "swapped":
            by_strategy.setdefault(part.strategy, []).append(part.bidder)
    told = [
        f"{strategy} in the place of {', '.join(names) if len(names) < 4 else f'{len(names)} bidders'}"
        for strategy, names in by_strategy.items()
    ]
    return ", ".join(told) or "no swap"


def _cell(value: Fraction, market: Market | TypeMarket) -> str:
    return show_amount(value, minor_units=market.minor_units) if value else "-"


def _signed(value: Fraction, market: Market | TypeMarket) -> str:
    return f"{'+' if value > 0 else ''}{show_amount(value, minor_units=market.minor_units)}" if value else "-"
