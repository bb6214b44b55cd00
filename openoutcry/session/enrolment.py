"""ENROL and SEED on the auctioneer's side: who takes part, under which key, and with which seed part.

An enrolment that is refused is not recorded: whoever sent it is no party to the session. A member whose seed part
is missing or is not the committed one is left out of the market, or voids the session if the specification asks for
all bidders; there is never a second draw under one session.
"""

from __future__ import annotations

from openoutcry.errors import PeerError
from openoutcry.mechanisms.specification import Specification
from openoutcry.protocol.commitments import seed_commitment
from openoutcry.protocol.deviations import DeviationCode
from openoutcry.protocol.envelope import Envelope
from openoutcry.protocol.keys import VerifyKey, sender_id
from openoutcry.protocol.merkle import MerkleTree
from openoutcry.protocol.messages import Enrol
from openoutcry.session.admission import Admitted, Party, Refused, admit
from openoutcry.session.reading import EnvelopeReader


class Enrolment:
    """Collects the invited bidders of a specification.

    Attributes:
        parties: Everybody who has enrolled, by sender id, in order of arrival.
    """

    def __init__(self, specification: Specification) -> None:
        self._places = {name: place for place, name in enumerate(specification.market.names)}
        self._specification = specification
        self._commitments: dict[bytes, bytes] = {}
        self.parties: dict[bytes, Party] = {}

    @property
    def is_complete(self) -> bool:
        """Whether every invited bidder has enrolled."""
        return len(self.parties) == len(self._places)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the enrolled, in the order of the specification."""
        return tuple(party.name for party in self.roster())

    def roster(self) -> tuple[Party, ...]:
        """Return the enrolled in the order of the specification."""
        return tuple(sorted(self.parties.values(), key=lambda party: party.bidder))

    def commitment(self, party: Party) -> bytes:
        """Return the seed commitment with which a party enrolled."""
        return self._commitments[party.sender_id]

    def enrol(
        self, data: bytes, envelope: Envelope, *, reader: EnvelopeReader, session_id: bytes, tree: MerkleTree
    ) -> Admitted:
        """Return the admitted enrolment of a new party.

        Raises:
            Refused: Not attributable: the name, the key or the message is wrong, or the name is taken.
        """
        try:
            _, body = reader.read_message(envelope)
            if not isinstance(body, Enrol):
                raise Refused(DeviationCode.UNKNOWN_SENDER, "the sender has not enrolled")
            if sender_id(body.public_key) != envelope.sender_id:
                raise Refused(
                    DeviationCode.MALFORMED, "the enrolment is sent under another key than it names"
                )
            party = self._new_party(body)
            admitted = admit(data, envelope, party, reader=reader, session_id=session_id, tree=tree)
        except PeerError as problem:
            raise Refused(
                DeviationCode(problem.deviation), problem.reason, sender_id=envelope.sender_id
            ) from problem
        assert admitted is not None, "a new party has sent nothing before"
        self.parties[party.sender_id] = party
        self._commitments[party.sender_id] = body.seed_commitment
        return admitted

    def opens_commitment(self, party: Party, part: bytes, *, session_id: bytes) -> bool:
        """Whether `part` is the seed part that a party committed to when it enrolled."""
        opened = seed_commitment(context=session_id, sender_id=party.sender_id, secret=part)
        return opened == self.commitment(party)

    def _new_party(self, body: Enrol) -> Party:
        place = self._places.get(body.name)
        if place is None:
            raise Refused(DeviationCode.UNKNOWN_SENDER, f"no bidder {body.name!r} is invited")
        if any(party.bidder == place for party in self.parties.values()):
            raise Refused(DeviationCode.UNKNOWN_SENDER, f"{body.name!r} has enrolled with another key")
        invited = self._specification.keys[place]
        if invited is not None and invited != body.public_key:
            raise Refused(DeviationCode.UNKNOWN_SENDER, f"{body.name!r} is invited with another key")
        return Party(
            name=body.name,
            bidder=place,
            key=VerifyKey(body.public_key),
            sender_id=sender_id(body.public_key),
        )
