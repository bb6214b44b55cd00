"""A process that is killed while it appends loses nothing that it was told is durable."""

import asyncio
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from auctioneer.stores import SqliteStore

SESSION_COUNT = 3

# Appends batches of one to five entries to a few sessions at once, for ever, and says after each append
# that returned how long the log of that session is now. An entry tells its place and the size of its batch.
CHILD = """
import asyncio, os, sys
from pathlib import Path
from auctioneer.stores import SessionRecord, SqliteStore

async def extend(store, number):
    session_id = bytes([number]) * 32
    size = len(await store.entries(session_id))
    while True:
        count = 1 + (size + number) % 5
        await store.append(session_id, size, [b"%d %d %d" % (number, size, count) for _ in range(count)])
        size += count
        os.write(1, b"%d %d\\n" % (number, size))

async def main():
    store = await SqliteStore.open(Path(sys.argv[1]))
    known = {summary.session_id for summary in await store.sessions()}
    for number in range(int(sys.argv[2])):
        if bytes([number]) * 32 not in known:
            record = SessionRecord(session_id=bytes([number]) * 32, specification=b"{}", secret=b"s")
            await store.create(record, [])
    await asyncio.gather(*(extend(store, number) for number in range(int(sys.argv[2]))))

asyncio.run(main())
"""


def _append_until_killed(path: Path, append_count: int) -> dict[int, int]:
    """Run the child, kill it after some acknowledged appends, and give the sizes that it was told."""
    command = [sys.executable, "-c", CHILD, str(path), str(SESSION_COUNT)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(append_count)]
        child.send_signal(signal.SIGKILL)
        # Only whole lines count: the kill may have cut the last one off.
        lines += [line for line in child.stdout.readlines() if line.endswith(b"\n")]
    assert child.returncode == -signal.SIGKILL
    return {int(line.split()[0]): int(line.split()[1]) for line in lines}


async def _read_logs(path: Path) -> dict[int, list[bytes]]:
    store = await SqliteStore.open(path)
    logs = {number: await store.entries(bytes([number]) * 32) for number in range(SESSION_COUNT)}
    await store.close()
    return logs


def _check_no_batch_is_torn(number: int, log: list[bytes]) -> None:
    """Walk a log batch by batch; fail unless each is there whole and in its place."""
    position = 0
    while position < len(log):
        count = 1 + (position + number) % 5
        assert log[position : position + count] == [b"%d %d %d" % (number, position, count)] * count
        position += count


def _crash_and_check(path: Path, append_count: int) -> int:
    told = _append_until_killed(path, append_count)
    logs = asyncio.run(_read_logs(path))
    for number, log in logs.items():
        assert len(log) >= told.get(number, 0)
        _check_no_batch_is_torn(number, log)
    return sum(len(log) for log in logs.values())


def test_nothing_acknowledged_is_lost_and_no_batch_is_torn(tmp_path: Path):
    """Killed three times in a row, the file opens each time with every acknowledged batch, each whole."""
    sizes = [_crash_and_check(tmp_path / "sessions.db", count) for count in (40, 1, 150)]
    assert 0 < sizes[0] < sizes[1] < sizes[2]


def test_a_torn_batch_would_be_found():
    """The check fails for a log that ends inside a batch, and for one that lost a batch."""
    whole = [b"0 0 1", b"0 1 2", b"0 1 2"]
    _check_no_batch_is_torn(0, whole)
    for torn in (whole[:2], whole[1:]):
        with pytest.raises(AssertionError):
            _check_no_batch_is_torn(0, torn)


@pytest.mark.long
def test_nothing_is_lost_in_a_hundred_crashes(tmp_path: Path):
    """A hundred kills at random moments, on one file that grows through all of them."""
    moments = random.Random(20)
    size = 0
    for _ in range(100):
        grown = _crash_and_check(tmp_path / "sessions.db", moments.randint(1, 200))
        assert grown > size
        size = grown
