"""The file beside a transcript in which a local run keeps what its bidders privately knew, and how they played.

```json
{
  "format": "openoutcry-private/1",
  "session": "5e6f...",
  "seed": "spring",
  "directory": "../my-auction",
  "bidders": {"ada": {"signal": 2, "strategy": "bold.py:Bold", "files": {"bold.py": "9b1c..."}}}
}
```

Nothing in it is signed, and a verification never looks at it: it tells what somebody says to have known. A bidder's
`signal`, or `value` and `belief`, have the form of private input (`openoutcry.strategies.private_input`). All else may
be left out by whoever writes such a file by hand: without its strategy a bidder cannot play again, and without the seed
its strategy's draws cannot be repeated.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from openoutcry.errors import ConfigurationError
from openoutcry.mechanisms.crowd.market import TypeMarket
from openoutcry.mechanisms.market import Market
from openoutcry.simulation.table import Private, as_input
from openoutcry.strategies.private_input import PrivateType, decode_private, encode_private

SIDECAR_FORMAT = "openoutcry-private/1"

_KEYS = frozenset({"format", "about", "session", "seed", "directory", "bidders"})
_PRIVATE_KEYS = frozenset({"signal", "value", "belief"})
_BIDDER_KEYS = _PRIVATE_KEYS | {"strategy", "files"}
_DIGEST_DIGITS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarBidder:
    """What is kept of one bidder.

    Attributes:
        private: What it alone knew.
        strategy: Name of its strategy, with options; None when it is not known.
        files: SHA-256 in hexadecimal digits of each file that its strategy is made of, by its path as the strategy's
            name has it.
    """

    private: Private
    strategy: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """What a local run keeps beside its transcript.

    Attributes:
        session_id: Of which session, 32 bytes.
        bidders: By name, all bidders of the specification, in roster order.
        seed: Of the run, from which the bidders' own generators were made; None when it is not known.
        directory: Where relative files of strategies start, as seen from the file; with slashes.
    """

    session_id: bytes
    bidders: Mapping[str, SidecarBidder]
    seed: str | None = None
    directory: str = "."


def encode_sidecar(sidecar: Sidecar, market: Market | TypeMarket) -> bytes:
    """Return the file: JSON.

    Raises:
        UsageError: What a bidder knows does not fit the market.
    """
    bidders: dict[str, object] = {}
    for place, name in enumerate(market.names):
        bidder = sidecar.bidders[name]
        content = json.loads(encode_private(as_input(bidder.private), market, place))
        if bidder.strategy is not None:
            content["strategy"] = bidder.strategy
        if bidder.files:
            content["files"] = dict(bidder.files)
        bidders[name] = content
    content = {
        "format": SIDECAR_FORMAT,
        "about": "What the bidders of one auction session privately knew, and how they played. It is no part of the "
        "transcript, and nobody has signed it.",
        "session": sidecar.session_id.hex(),
        **({} if sidecar.seed is None else {"seed": sidecar.seed}),
        "directory": sidecar.directory,
        "bidders": bidders,
    }
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def decode_sidecar(data: bytes, market: Market | TypeMarket, session_id: bytes) -> Sidecar:
    """Return what such a file holds.

    Args:
        data: The file.
        market: Of the session's specification.
        session_id: Of the session, 32 bytes.

    Raises:
        ConfigurationError: It is no such file, is of another session, or does not fit the market; one line without
            the name of the file.
    """
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as problem:
        raise ConfigurationError(f"is not JSON: {problem}") from problem
    if not isinstance(content, dict) or content.get("format") != SIDECAR_FORMAT:
        raise ConfigurationError(f'is no file of private types: "format" must be "{SIDECAR_FORMAT}"')
    _check_keys("", content, _KEYS)
    if _text(content, "session") != session_id.hex():
        raise ConfigurationError(f"is of another session, {content['session']!s:.70}: give the one of this")
    entries = content.get("bidders")
    if not isinstance(entries, dict):
        raise ConfigurationError('has no "bidders", an object with an entry for each')
    names = market.names
    for name in entries:
        if name not in names:
            raise ConfigurationError(f"bidder {name!r:.60} is not in this session")
    for name in names:
        if name not in entries:
            raise ConfigurationError(
                f"says nothing of bidder {name!r}: all bidders of the session are needed"
            )
    return Sidecar(
        session_id=session_id,
        bidders={name: _decode_bidder(entries[name], market, place) for place, name in enumerate(names)},
        seed=_seed(content) if "seed" in content else None,
        directory=_text(content, "directory") if "directory" in content else ".",
    )


def _decode_bidder(entry: object, market: Market | TypeMarket, place: int) -> SidecarBidder:
    where = f"bidder {market.names[place]!r}: "
    if not isinstance(entry, dict):
        raise ConfigurationError(f"{where}must be an object")
    _check_keys(where, entry, _BIDDER_KEYS)
    try:
        private = decode_private({key: entry[key] for key in entry if key in _PRIVATE_KEYS}, market, place)
    except ConfigurationError as problem:
        raise ConfigurationError(f"{where}{problem}") from problem
    files = entry.get("files", {})
    if not isinstance(files, dict) or not all(
        file.isprintable() and _is_digest(digest) for file, digest in files.items()
    ):
        raise ConfigurationError(f"{where}files gives the SHA-256 of each file, in hexadecimal digits")
    return SidecarBidder(
        private=private.signal if isinstance(private, PrivateType) else private,
        strategy=_text(entry, "strategy", where) if "strategy" in entry else None,
        files=files,
    )


def _check_keys(where: str, content: Mapping[str, object], known: frozenset[str]) -> None:
    for key in content:
        if key not in known:
            raise ConfigurationError(
                f"{where}there is no key {key!r:.60}: known are {', '.join(sorted(known))}"
            )


def _text(content: Mapping[str, object], key: str, where: str = "") -> str:
    value = content.get(key)
    if not isinstance(value, str) or not value.isprintable():
        raise ConfigurationError(f"{where}{key} must be a text on one line")
    return value


def _seed(content: Mapping[str, object]) -> str:
    # Any text may be one, so long as there are bytes for it.
    seed = content["seed"]
    if not isinstance(seed, str) or any("\ud800" <= character <= "\udfff" for character in seed):
        raise ConfigurationError("seed must be a text")
    return seed


def _is_digest(digest: object) -> bool:
    return (
        isinstance(digest, str) and len(digest) == _DIGEST_DIGITS and set(digest) <= set("0123456789abcdef")
    )
