from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Role(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ROLE_UNSPECIFIED: _ClassVar[Role]
    ROLE_AUCTIONEER: _ClassVar[Role]
    ROLE_BIDDER: _ClassVar[Role]

class LapseSubject(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LAPSE_SUBJECT_UNSPECIFIED: _ClassVar[LapseSubject]
    LAPSE_SUBJECT_ENROLMENT: _ClassVar[LapseSubject]
    LAPSE_SUBJECT_SEED_OPENING: _ClassVar[LapseSubject]
    LAPSE_SUBJECT_ANSWER: _ClassVar[LapseSubject]
    LAPSE_SUBJECT_COMMITMENT: _ClassVar[LapseSubject]
    LAPSE_SUBJECT_OPENING: _ClassVar[LapseSubject]

class ReportKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REPORT_KIND_UNSPECIFIED: _ClassVar[ReportKind]
    REPORT_KIND_SIGNAL: _ClassVar[ReportKind]
    REPORT_KIND_VALUE: _ClassVar[ReportKind]
    REPORT_KIND_BELIEF: _ClassVar[ReportKind]
    REPORT_KIND_VALUE_AND_BELIEF: _ClassVar[ReportKind]

class VoidReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VOID_REASON_UNSPECIFIED: _ClassVar[VoidReason]
    VOID_REASON_NOBODY_ENROLLED: _ClassVar[VoidReason]
    VOID_REASON_BIDDER_ABSENT: _ClassVar[VoidReason]
    VOID_REASON_CANCELLED: _ClassVar[VoidReason]
    VOID_REASON_OUTCOME_TOO_LARGE: _ClassVar[VoidReason]
    VOID_REASON_UNDECIDED: _ClassVar[VoidReason]
ROLE_UNSPECIFIED: Role
ROLE_AUCTIONEER: Role
ROLE_BIDDER: Role
LAPSE_SUBJECT_UNSPECIFIED: LapseSubject
LAPSE_SUBJECT_ENROLMENT: LapseSubject
LAPSE_SUBJECT_SEED_OPENING: LapseSubject
LAPSE_SUBJECT_ANSWER: LapseSubject
LAPSE_SUBJECT_COMMITMENT: LapseSubject
LAPSE_SUBJECT_OPENING: LapseSubject
REPORT_KIND_UNSPECIFIED: ReportKind
REPORT_KIND_SIGNAL: ReportKind
REPORT_KIND_VALUE: ReportKind
REPORT_KIND_BELIEF: ReportKind
REPORT_KIND_VALUE_AND_BELIEF: ReportKind
VOID_REASON_UNSPECIFIED: VoidReason
VOID_REASON_NOBODY_ENROLLED: VoidReason
VOID_REASON_BIDDER_ABSENT: VoidReason
VOID_REASON_CANCELLED: VoidReason
VOID_REASON_OUTCOME_TOO_LARGE: VoidReason
VOID_REASON_UNDECIDED: VoidReason

class Envelope(_message.Message):
    __slots__ = ("payload_type", "payload", "signature", "sender_id")
    PAYLOAD_TYPE_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    SENDER_ID_FIELD_NUMBER: _ClassVar[int]
    payload_type: str
    payload: bytes
    signature: bytes
    sender_id: bytes
    def __init__(self, payload_type: _Optional[str] = ..., payload: _Optional[bytes] = ..., signature: _Optional[bytes] = ..., sender_id: _Optional[bytes] = ...) -> None: ...

class Header(_message.Message):
    __slots__ = ("protocol_version", "session_id", "role", "sender_id", "seq", "prev_own", "seen_size", "seen_root", "reply_to", "sent_at_ns")
    PROTOCOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    SENDER_ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    PREV_OWN_FIELD_NUMBER: _ClassVar[int]
    SEEN_SIZE_FIELD_NUMBER: _ClassVar[int]
    SEEN_ROOT_FIELD_NUMBER: _ClassVar[int]
    REPLY_TO_FIELD_NUMBER: _ClassVar[int]
    SENT_AT_NS_FIELD_NUMBER: _ClassVar[int]
    protocol_version: int
    session_id: bytes
    role: Role
    sender_id: bytes
    seq: int
    prev_own: bytes
    seen_size: int
    seen_root: bytes
    reply_to: bytes
    sent_at_ns: int
    def __init__(self, protocol_version: _Optional[int] = ..., session_id: _Optional[bytes] = ..., role: _Optional[_Union[Role, str]] = ..., sender_id: _Optional[bytes] = ..., seq: _Optional[int] = ..., prev_own: _Optional[bytes] = ..., seen_size: _Optional[int] = ..., seen_root: _Optional[bytes] = ..., reply_to: _Optional[bytes] = ..., sent_at_ns: _Optional[int] = ...) -> None: ...

class SessionOpen(_message.Message):
    __slots__ = ("header", "specification_digest", "seed_commitment", "message_key", "checkpoint_key", "opening_key", "code_version")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    SPECIFICATION_DIGEST_FIELD_NUMBER: _ClassVar[int]
    SEED_COMMITMENT_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_KEY_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_KEY_FIELD_NUMBER: _ClassVar[int]
    OPENING_KEY_FIELD_NUMBER: _ClassVar[int]
    CODE_VERSION_FIELD_NUMBER: _ClassVar[int]
    header: Header
    specification_digest: bytes
    seed_commitment: bytes
    message_key: bytes
    checkpoint_key: bytes
    opening_key: bytes
    code_version: str
    def __init__(self, header: _Optional[_Union[Header, _Mapping]] = ..., specification_digest: _Optional[bytes] = ..., seed_commitment: _Optional[bytes] = ..., message_key: _Optional[bytes] = ..., checkpoint_key: _Optional[bytes] = ..., opening_key: _Optional[bytes] = ..., code_version: _Optional[str] = ...) -> None: ...

class RosterMember(_message.Message):
    __slots__ = ("bidder", "sender_id")
    BIDDER_FIELD_NUMBER: _ClassVar[int]
    SENDER_ID_FIELD_NUMBER: _ClassVar[int]
    bidder: int
    sender_id: bytes
    def __init__(self, bidder: _Optional[int] = ..., sender_id: _Optional[bytes] = ...) -> None: ...

class RosterClosed(_message.Message):
    __slots__ = ("header", "members")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    header: Header
    members: _containers.RepeatedCompositeFieldContainer[RosterMember]
    def __init__(self, header: _Optional[_Union[Header, _Mapping]] = ..., members: _Optional[_Iterable[_Union[RosterMember, _Mapping]]] = ...) -> None: ...

class Raise(_message.Message):
    __slots__ = ("header", "wave", "level", "bidder")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    WAVE_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    BIDDER_FIELD_NUMBER: _ClassVar[int]
    header: Header
    wave: int
    level: int
    bidder: int
    def __init__(self, header: _Optional[_Union[Header, _Mapping]] = ..., wave: _Optional[int] = ..., level: _Optional[int] = ..., bidder: _Optional[int] = ...) -> None: ...

class Offer(_message.Message):
    __slots__ = ("header", "wave", "level", "target", "price_minor", "bidder")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    WAVE_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    PRICE_MINOR_FIELD_NUMBER: _ClassVar[int]
    BIDDER_FIELD_NUMBER: _ClassVar[int]
    header: Header
    wave: int
    level: int
    target: int
    price_minor: int
    bidder: int
    def __init__(self, header: _Optional[_Union[Header, _Mapping]] = ..., wave: _Optional[int] = ..., level: _Optional[int] = ..., target: _Optional[int] = ..., price_minor: _Optional[int] = ..., bidder: _Optional[int] = ...) -> None: ...

class AskReport(_message.Message):
    __slots__ = ("header", "wave", "kind", "subjects", "is_private", "weight_bits", "bidder")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    WAVE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    IS_PRIVATE_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_BITS_FIELD_NUMBER: _ClassVar[int]
    BIDDER_FIELD_NUMBER: _ClassVar[int]
    header: Header
    wave: int
    kind: ReportKind
    subjects: _containers.RepeatedScalarFieldContainer[int]
    is_private: bool
    weight_bits: int
    bidder: int
    def __init__(self, header: _Optional[_Union[Header, _Mapping]] = ..., wave: _Optional[int] = ..., kind: _Optional[_Union[ReportKind, str]] = ..., subjects: _Optional[_Iterable[int]] = ..., is_private: _Optional[bool] = ..., weight_bits: _Optional[int] = ..., bidder: _Optional[int] = ...) -> None: ...

class CommitClosed(_message.Message):
    __slots__ = ("header", "wave", "commitment_indexes")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    WAVE_FIELD_NUMBER: _ClassVar[int]
    COMMITMENT_INDEXES_FIELD_NUMBER: _ClassVar[int]
    header: Header
    wave: int
    commitment_indexes: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, header: _Optional[_Union[Header, _Mapping]] = ..., wave: _Optional[int] = ..., commitment_indexes: _Optional[_Iterable[int]] = ...) -> None: ...

class Lapse(_message.Message):
    __slots__ = ("header", "subject", "bidder")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    BIDDER_FIELD_NUMBER: _ClassVar[int]
    header: Header
    subject: LapseSubject
    bidder: int
    def __init__(self, header: _Optional[_Union[Header, _Mapping]] = ..., subject: _Optional[_Union[LapseSubject, str]] = ..., bidder: _Optional[int] = ...) -> None: ...

class DeviationNoted(_message.Message):
    __slots__ = ("header", "deviation", "accused_id", "evidence", "detail")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    DEVIATION_FIELD_NUMBER: _ClassVar[int]
    ACCUSED_ID_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    header: Header
    deviation: str
    accused_id: bytes
    evidence: bytes
    detail: str
    def __init__(self, header: _Optional[_Union[Header, _Mapping]] = ..., deviation: _Optional[str] = ..., accused_id: _Optional[bytes] = ..., evidence: _Optional[bytes] = ..., detail: _Optional[str] = ...) -> None: ...

class Amount(_message.Message):
    __slots__ = ("is_negative", "numerator", "denominator", "rounded_minor")
    IS_NEGATIVE_FIELD_NUMBER: _ClassVar[int]
    NUMERATOR_FIELD_NUMBER: _ClassVar[int]
    DENOMINATOR_FIELD_NUMBER: _ClassVar[int]
    ROUNDED_MINOR_FIELD_NUMBER: _ClassVar[int]
    is_negative: bool
    numerator: bytes
    denominator: bytes
    rounded_minor: int
    def __init__(self, is_negative: _Optional[bool] = ..., numerator: _Optional[bytes] = ..., denominator: _Optional[bytes] = ..., rounded_minor: _Optional[int] = ...) -> None: ...

class Award(_message.Message):
    __slots__ = ("bidder", "goods", "price")
    BIDDER_FIELD_NUMBER: _ClassVar[int]
    GOODS_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    bidder: int
    goods: _containers.RepeatedScalarFieldContainer[int]
    price: Amount
    def __init__(self, bidder: _Optional[int] = ..., goods: _Optional[_Iterable[int]] = ..., price: _Optional[_Union[Amount, _Mapping]] = ...) -> None: ...

class Outcome(_message.Message):
    __slots__ = ("header", "awards", "payments", "reason")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    AWARDS_FIELD_NUMBER: _ClassVar[int]
    PAYMENTS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    header: Header
    awards: _containers.RepeatedCompositeFieldContainer[Award]
    payments: _containers.RepeatedCompositeFieldContainer[Amount]
    reason: str
    def __init__(self, header: _Optional[_Union[Header, _Mapping]] = ..., awards: _Optional[_Iterable[_Union[Award, _Mapping]]] = ..., payments: _Optional[_Iterable[_Union[Amount, _Mapping]]] = ..., reason: _Optional[str] = ...) -> None: ...

class SeedOpening(_message.Message):
    __slots__ = ("header", "part")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    PART_FIELD_NUMBER: _ClassVar[int]
    header: Header
    part: bytes
    def __init__(self, header: _Optional[_Union[Header, _Mapping]] = ..., part: _Optional[bytes] = ...) -> None: ...

class OpeningKeyDisclosed(_message.Message):
    __slots__ = ("header", "secret")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    header: Header
    secret: bytes
    def __init__(self, header: _Optional[_Union[Header, _Mapping]] = ..., secret: _Optional[bytes] = ...) -> None: ...

class SessionVoid(_message.Message):
    __slots__ = ("header", "reason", "detail")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    header: Header
    reason: VoidReason
    detail: str
    def __init__(self, header: _Optional[_Union[Header, _Mapping]] = ..., reason: _Optional[_Union[VoidReason, str]] = ..., detail: _Optional[str] = ...) -> None: ...

class Hello(_message.Message):
    __slots__ = ("header", "nonce", "public_key", "next_index")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    NEXT_INDEX_FIELD_NUMBER: _ClassVar[int]
    header: Header
    nonce: bytes
    public_key: bytes
    next_index: int
    def __init__(self, header: _Optional[_Union[Header, _Mapping]] = ..., nonce: _Optional[bytes] = ..., public_key: _Optional[bytes] = ..., next_index: _Optional[int] = ...) -> None: ...

class Enrol(_message.Message):
    __slots__ = ("header", "name", "public_key", "seed_commitment", "agent_version")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    SEED_COMMITMENT_FIELD_NUMBER: _ClassVar[int]
    AGENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    header: Header
    name: str
    public_key: bytes
    seed_commitment: bytes
    agent_version: str
    def __init__(self, header: _Optional[_Union[Header, _Mapping]] = ..., name: _Optional[str] = ..., public_key: _Optional[bytes] = ..., seed_commitment: _Optional[bytes] = ..., agent_version: _Optional[str] = ...) -> None: ...

class Accept(_message.Message):
    __slots__ = ("header", "level")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    header: Header
    level: int
    def __init__(self, header: _Optional[_Union[Header, _Mapping]] = ..., level: _Optional[int] = ...) -> None: ...

class Exit(_message.Message):
    __slots__ = ("header", "level")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    header: Header
    level: int
    def __init__(self, header: _Optional[_Union[Header, _Mapping]] = ..., level: _Optional[int] = ...) -> None: ...

class ReportCommit(_message.Message):
    __slots__ = ("header", "wave", "commitment")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    WAVE_FIELD_NUMBER: _ClassVar[int]
    COMMITMENT_FIELD_NUMBER: _ClassVar[int]
    header: Header
    wave: int
    commitment: bytes
    def __init__(self, header: _Optional[_Union[Header, _Mapping]] = ..., wave: _Optional[int] = ..., commitment: _Optional[bytes] = ...) -> None: ...

class ReportOpening(_message.Message):
    __slots__ = ("header", "wave", "part", "part_count", "content")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    WAVE_FIELD_NUMBER: _ClassVar[int]
    PART_FIELD_NUMBER: _ClassVar[int]
    PART_COUNT_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    header: Header
    wave: int
    part: int
    part_count: int
    content: bytes
    def __init__(self, header: _Optional[_Union[Header, _Mapping]] = ..., wave: _Optional[int] = ..., part: _Optional[int] = ..., part_count: _Optional[int] = ..., content: _Optional[bytes] = ...) -> None: ...

class SignalReport(_message.Message):
    __slots__ = ("value_plus_one",)
    VALUE_PLUS_ONE_FIELD_NUMBER: _ClassVar[int]
    value_plus_one: int
    def __init__(self, value_plus_one: _Optional[int] = ...) -> None: ...

class TypeReport(_message.Message):
    __slots__ = ("value_plus_one", "joint", "product")
    VALUE_PLUS_ONE_FIELD_NUMBER: _ClassVar[int]
    JOINT_FIELD_NUMBER: _ClassVar[int]
    PRODUCT_FIELD_NUMBER: _ClassVar[int]
    value_plus_one: int
    joint: bytes
    product: bytes
    def __init__(self, value_plus_one: _Optional[int] = ..., joint: _Optional[bytes] = ..., product: _Optional[bytes] = ...) -> None: ...
