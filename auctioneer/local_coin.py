"""The coin of a local run, known beforehand: what all parties' seed parts will make, when all follow from one seed.

Decides nothing; it computes what `auctioneer run` will come to among processes when every bidder enrols. A search for a
seed that shows something would otherwise have to run every session. Bidder agents derive their parts in a program of
their own, and a test holds both together.
"""

from __future__ import annotations

import hashlib
import hmac

from auctioneer.keys import derive_opening_key
from auctioneer.local import derive_secrets
from auctioneer.release import release
from openoutcry.mechanisms.specification import Specification, encode_specification
from openoutcry.protocol.commitments import seed_commitment
from openoutcry.protocol.framing import lp
from openoutcry.protocol.keys import SigningKey
from openoutcry.protocol.messages import SessionOpen
from openoutcry.protocol.seed import coin
from openoutcry.session.auctioneer import AuctioneerSession
from openoutcry.session.authors import SigningAuthor
from openoutcry.session.reading import EnvelopeReader
from openoutcry.wire import WireCodec


def local_coin(specification: Specification, seed: str) -> bytes:
    """Return the 32 bytes from which all draws of a local run follow.

    Args:
        specification: Of the run; it names no keys.
        seed: Of the run.
    """
    codec, local = WireCodec(), derive_secrets(seed)
    key = local.keys.message
    digest = hashlib.sha256(encode_specification(specification)).digest()
    commitment = seed_commitment(context=digest, sender_id=key.sender_id, secret=local.seed_part)
    opening_key = derive_opening_key(key, commitment)
    session = AuctioneerSession(
        specification=specification,
        opening=SessionOpen(
            specification_digest=digest,
            seed_commitment=commitment,
            message_key=key.public_key,
            checkpoint_key=local.keys.checkpoint.public_key,
            opening_key=opening_key.public_key,
            code_version=release(),
        ),
        seed_part=local.seed_part,
        opening_key=opening_key,
        author=SigningAuthor(key, codec),
        reader=EnvelopeReader(codec),
    )
    session.start()
    parts = [_bidder_part(seed, name, session.session_id) for name in specification.market.names]
    return coin(session.session_id, local.seed_part, parts)


def _bidder_part(seed: str, name: str, session_id: bytes) -> tuple[bytes, bytes]:
    """Return a bidder's sender id and its part of the seed."""
    key = SigningKey.from_seed(_derive(seed, "bidder-message-key", name))
    context = lp(b"openoutcry.bidder.v1") + lp(session_id) + lp(b"seed")
    return key.sender_id, hmac.digest(_derive(seed, "bidder-entropy", name), context, hashlib.sha256)


def _derive(seed: str, purpose: str, name: str) -> bytes:
    context = lp(b"openoutcry.local.v1") + lp(purpose.encode()) + lp(name.encode())
    return hmac.digest(seed.encode(), context, hashlib.sha256)
