from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SessionPhase(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SESSION_PHASE_UNSPECIFIED: _ClassVar[SessionPhase]
    SESSION_PHASE_ENROL: _ClassVar[SessionPhase]
    SESSION_PHASE_SEED: _ClassVar[SessionPhase]
    SESSION_PHASE_PLAY: _ClassVar[SessionPhase]
    SESSION_PHASE_SETTLE: _ClassVar[SessionPhase]
    SESSION_PHASE_CLOSED: _ClassVar[SessionPhase]
    SESSION_PHASE_VOID: _ClassVar[SessionPhase]
SESSION_PHASE_UNSPECIFIED: SessionPhase
SESSION_PHASE_ENROL: SessionPhase
SESSION_PHASE_SEED: SessionPhase
SESSION_PHASE_PLAY: SessionPhase
SESSION_PHASE_SETTLE: SessionPhase
SESSION_PHASE_CLOSED: SessionPhase
SESSION_PHASE_VOID: SessionPhase

class OpenSessionRequest(_message.Message):
    __slots__ = ("chunk",)
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    chunk: bytes
    def __init__(self, chunk: _Optional[bytes] = ...) -> None: ...

class OpenSessionResponse(_message.Message):
    __slots__ = ("session_id",)
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    session_id: bytes
    def __init__(self, session_id: _Optional[bytes] = ...) -> None: ...

class CancelSessionRequest(_message.Message):
    __slots__ = ("session_id", "detail")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    session_id: bytes
    detail: str
    def __init__(self, session_id: _Optional[bytes] = ..., detail: _Optional[str] = ...) -> None: ...

class CancelSessionResponse(_message.Message):
    __slots__ = ("phase",)
    PHASE_FIELD_NUMBER: _ClassVar[int]
    phase: SessionPhase
    def __init__(self, phase: _Optional[_Union[SessionPhase, str]] = ...) -> None: ...

class ListSessionsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class SessionSummary(_message.Message):
    __slots__ = ("session_id", "title", "phase", "log_size", "problem")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    LOG_SIZE_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    session_id: bytes
    title: str
    phase: SessionPhase
    log_size: int
    problem: str
    def __init__(self, session_id: _Optional[bytes] = ..., title: _Optional[str] = ..., phase: _Optional[_Union[SessionPhase, str]] = ..., log_size: _Optional[int] = ..., problem: _Optional[str] = ...) -> None: ...

class ListSessionsResponse(_message.Message):
    __slots__ = ("sessions", "next_page_token")
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    sessions: _containers.RepeatedCompositeFieldContainer[SessionSummary]
    next_page_token: str
    def __init__(self, sessions: _Optional[_Iterable[_Union[SessionSummary, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class DescribeSessionRequest(_message.Message):
    __slots__ = ("session_id",)
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    session_id: bytes
    def __init__(self, session_id: _Optional[bytes] = ...) -> None: ...

class DescribeSessionResponse(_message.Message):
    __slots__ = ("summary", "session_open", "checkpoint", "enrolled")
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    SESSION_OPEN_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    ENROLLED_FIELD_NUMBER: _ClassVar[int]
    summary: SessionSummary
    session_open: bytes
    checkpoint: bytes
    enrolled: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, summary: _Optional[_Union[SessionSummary, _Mapping]] = ..., session_open: _Optional[bytes] = ..., checkpoint: _Optional[bytes] = ..., enrolled: _Optional[_Iterable[str]] = ...) -> None: ...

class FetchSpecificationRequest(_message.Message):
    __slots__ = ("session_id",)
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    session_id: bytes
    def __init__(self, session_id: _Optional[bytes] = ...) -> None: ...

class FetchSpecificationResponse(_message.Message):
    __slots__ = ("chunk",)
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    chunk: bytes
    def __init__(self, chunk: _Optional[bytes] = ...) -> None: ...

class FetchTranscriptRequest(_message.Message):
    __slots__ = ("session_id",)
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    session_id: bytes
    def __init__(self, session_id: _Optional[bytes] = ...) -> None: ...

class FetchTranscriptResponse(_message.Message):
    __slots__ = ("chunk",)
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    chunk: bytes
    def __init__(self, chunk: _Optional[bytes] = ...) -> None: ...

class ParticipateRequest(_message.Message):
    __slots__ = ("attach", "hello", "envelope")
    ATTACH_FIELD_NUMBER: _ClassVar[int]
    HELLO_FIELD_NUMBER: _ClassVar[int]
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    attach: Attach
    hello: bytes
    envelope: bytes
    def __init__(self, attach: _Optional[_Union[Attach, _Mapping]] = ..., hello: _Optional[bytes] = ..., envelope: _Optional[bytes] = ...) -> None: ...

class Attach(_message.Message):
    __slots__ = ("session_id",)
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    session_id: bytes
    def __init__(self, session_id: _Optional[bytes] = ...) -> None: ...

class ParticipateResponse(_message.Message):
    __slots__ = ("challenge", "delivery", "final_checkpoint")
    CHALLENGE_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_FIELD_NUMBER: _ClassVar[int]
    FINAL_CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    challenge: Challenge
    delivery: Delivery
    final_checkpoint: FinalCheckpoint
    def __init__(self, challenge: _Optional[_Union[Challenge, _Mapping]] = ..., delivery: _Optional[_Union[Delivery, _Mapping]] = ..., final_checkpoint: _Optional[_Union[FinalCheckpoint, _Mapping]] = ...) -> None: ...

class Challenge(_message.Message):
    __slots__ = ("nonce", "session_open")
    NONCE_FIELD_NUMBER: _ClassVar[int]
    SESSION_OPEN_FIELD_NUMBER: _ClassVar[int]
    nonce: bytes
    session_open: bytes
    def __init__(self, nonce: _Optional[bytes] = ..., session_open: _Optional[bytes] = ...) -> None: ...

class Delivery(_message.Message):
    __slots__ = ("index", "envelope", "consistency_from", "consistency", "own_index", "inclusion")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FROM_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    OWN_INDEX_FIELD_NUMBER: _ClassVar[int]
    INCLUSION_FIELD_NUMBER: _ClassVar[int]
    index: int
    envelope: bytes
    consistency_from: int
    consistency: _containers.RepeatedScalarFieldContainer[bytes]
    own_index: int
    inclusion: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, index: _Optional[int] = ..., envelope: _Optional[bytes] = ..., consistency_from: _Optional[int] = ..., consistency: _Optional[_Iterable[bytes]] = ..., own_index: _Optional[int] = ..., inclusion: _Optional[_Iterable[bytes]] = ...) -> None: ...

class FinalCheckpoint(_message.Message):
    __slots__ = ("note", "consistency_from", "consistency")
    NOTE_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FROM_FIELD_NUMBER: _ClassVar[int]
    CONSISTENCY_FIELD_NUMBER: _ClassVar[int]
    note: bytes
    consistency_from: int
    consistency: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, note: _Optional[bytes] = ..., consistency_from: _Optional[int] = ..., consistency: _Optional[_Iterable[bytes]] = ...) -> None: ...

class ObserveRequest(_message.Message):
    __slots__ = ("session_id", "start_index")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    START_INDEX_FIELD_NUMBER: _ClassVar[int]
    session_id: bytes
    start_index: int
    def __init__(self, session_id: _Optional[bytes] = ..., start_index: _Optional[int] = ...) -> None: ...

class ObserveResponse(_message.Message):
    __slots__ = ("entry", "checkpoint")
    ENTRY_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    entry: bytes
    checkpoint: bytes
    def __init__(self, entry: _Optional[bytes] = ..., checkpoint: _Optional[bytes] = ...) -> None: ...
