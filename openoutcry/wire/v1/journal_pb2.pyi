from openoutcry.wire.v1 import service_pb2 as _service_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class JournalRecord(_message.Message):
    __slots__ = ("at_ns", "header", "session_open", "specification", "delivery", "final_checkpoint", "level_decided", "signal_decided", "type_decided", "opening_decided", "opening_sealed", "said", "failure")
    AT_NS_FIELD_NUMBER: _ClassVar[int]
    HEADER_FIELD_NUMBER: _ClassVar[int]
    SESSION_OPEN_FIELD_NUMBER: _ClassVar[int]
    SPECIFICATION_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_FIELD_NUMBER: _ClassVar[int]
    FINAL_CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    LEVEL_DECIDED_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_DECIDED_FIELD_NUMBER: _ClassVar[int]
    TYPE_DECIDED_FIELD_NUMBER: _ClassVar[int]
    OPENING_DECIDED_FIELD_NUMBER: _ClassVar[int]
    OPENING_SEALED_FIELD_NUMBER: _ClassVar[int]
    SAID_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    at_ns: int
    header: JournalHeader
    session_open: bytes
    specification: bytes
    delivery: _service_pb2.Delivery
    final_checkpoint: _service_pb2.FinalCheckpoint
    level_decided: LevelDecided
    signal_decided: SignalDecided
    type_decided: TypeDecided
    opening_decided: OpeningDecided
    opening_sealed: OpeningSealed
    said: _containers.RepeatedScalarFieldContainer[bytes]
    failure: str
    def __init__(self, at_ns: _Optional[int] = ..., header: _Optional[_Union[JournalHeader, _Mapping]] = ..., session_open: _Optional[bytes] = ..., specification: _Optional[bytes] = ..., delivery: _Optional[_Union[_service_pb2.Delivery, _Mapping]] = ..., final_checkpoint: _Optional[_Union[_service_pb2.FinalCheckpoint, _Mapping]] = ..., level_decided: _Optional[_Union[LevelDecided, _Mapping]] = ..., signal_decided: _Optional[_Union[SignalDecided, _Mapping]] = ..., type_decided: _Optional[_Union[TypeDecided, _Mapping]] = ..., opening_decided: _Optional[_Union[OpeningDecided, _Mapping]] = ..., opening_sealed: _Optional[_Union[OpeningSealed, _Mapping]] = ..., said: _Optional[_Iterable[bytes]] = ..., failure: _Optional[str] = ...) -> None: ...

class JournalHeader(_message.Message):
    __slots__ = ("format", "name", "session_id", "public_key", "entropy")
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    ENTROPY_FIELD_NUMBER: _ClassVar[int]
    format: int
    name: str
    session_id: bytes
    public_key: bytes
    entropy: bytes
    def __init__(self, format: _Optional[int] = ..., name: _Optional[str] = ..., session_id: _Optional[bytes] = ..., public_key: _Optional[bytes] = ..., entropy: _Optional[bytes] = ...) -> None: ...

class LevelDecided(_message.Message):
    __slots__ = ("question", "accepts")
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    ACCEPTS_FIELD_NUMBER: _ClassVar[int]
    question: bytes
    accepts: bool
    def __init__(self, question: _Optional[bytes] = ..., accepts: _Optional[bool] = ...) -> None: ...

class SignalDecided(_message.Message):
    __slots__ = ("question", "signal")
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_FIELD_NUMBER: _ClassVar[int]
    question: bytes
    signal: int
    def __init__(self, question: _Optional[bytes] = ..., signal: _Optional[int] = ...) -> None: ...

class TypeDecided(_message.Message):
    __slots__ = ("question", "report")
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    REPORT_FIELD_NUMBER: _ClassVar[int]
    question: bytes
    report: bytes
    def __init__(self, question: _Optional[bytes] = ..., report: _Optional[bytes] = ...) -> None: ...

class OpeningDecided(_message.Message):
    __slots__ = ("question", "opens", "instead")
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    OPENS_FIELD_NUMBER: _ClassVar[int]
    INSTEAD_FIELD_NUMBER: _ClassVar[int]
    question: bytes
    opens: bool
    instead: bytes
    def __init__(self, question: _Optional[bytes] = ..., opens: _Optional[bool] = ..., instead: _Optional[bytes] = ...) -> None: ...

class OpeningSealed(_message.Message):
    __slots__ = ("question", "sealed")
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    SEALED_FIELD_NUMBER: _ClassVar[int]
    question: bytes
    sealed: bytes
    def __init__(self, question: _Optional[bytes] = ..., sealed: _Optional[bytes] = ...) -> None: ...
