"""Check a transcript and tell what happened: `python examples/verify_from_python.py runs/FILE.zip`."""

import sys
from pathlib import Path

from openoutcry.session.narration import tell
from openoutcry.session.verification import verify_transcript
from openoutcry.wire import WireCodec
from openoutcry.wire.files import read_transcript

transcript = read_transcript(Path(sys.argv[1]))
verification = verify_transcript(transcript, codec=WireCodec())
for level in verification.levels:
    print(f"{level.name}: {level.verdict.value}, {level.detail}")
if not verification.is_valid:
    sys.exit(1)

# The session is executed again while it is told, by an author that can say only what was recorded.
session, moments = tell(transcript, WireCodec())
for moment in moments:
    print(f"{'' if moment.index is None else moment.index:>4} {moment.text}")
    for draw in moment.draws:
        print(f"       drawn for {draw.label}: {draw.result}")
