"""What every store promises, asked of each of them, and what only the SQLite store can get wrong."""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from auctioneer.stores import MemoryStore, SessionRecord, SessionSummary, SqliteStore, Store
from auctioneer.stores._sqlite_file import GROUP_LIMIT, READ_LIMIT
from openoutcry.errors import StaleLogError, StorageError, UsageError


def _make_record(number: int = 1) -> SessionRecord:
    return SessionRecord(
        session_id=bytes([number]) * 32,
        specification=b'{"title":"lot %d"}' % number,
        secret=b"\x00secret\xff",
    )


class StoreContract:
    """Inherit, give `store` as a fixture, and every promise of the port is tested."""

    async def test_a_new_session_has_its_record_and_entries(self, store: Store):
        """What was created is given back byte for byte."""
        await store.create(_make_record(), [b"zero", b"", b"two"])
        assert await store.record(_make_record().session_id) == _make_record()
        assert await store.entries(_make_record().session_id) == [b"zero", b"", b"two"]

    async def test_a_session_may_begin_empty(self, store: Store):
        """A session without entries has an empty log that takes an append at size 0."""
        await store.create(_make_record(), [])
        assert await store.entries(_make_record().session_id) == []
        await store.append(_make_record().session_id, 0, [b"first"])
        assert await store.entries(_make_record().session_id) == [b"first"]

    async def test_an_existing_session_is_refused(self, store: Store):
        """Creating a session twice fails and leaves the first as it was."""
        await store.create(_make_record(), [b"mine"])
        with pytest.raises(StorageError, match="is already in this store"):
            await store.create(_make_record(), [b"yours"])
        assert await store.entries(_make_record().session_id) == [b"mine"]

    async def test_appends_keep_their_order(self, store: Store):
        """A log is its batches in the order of their appends."""
        await store.create(_make_record(), [b"0"])
        await store.append(_make_record().session_id, 1, [b"1", b"2"])
        await store.append(_make_record().session_id, 3, [b"3"])
        assert await store.entries(_make_record().session_id) == [b"0", b"1", b"2", b"3"]

    @pytest.mark.parametrize("start", [0, 1, 2, 3, 4, 5])
    async def test_entries_start_anywhere(self, store: Store, start: int):
        """Reading may start inside a batch, at its end, and past the end of the log."""
        await store.create(_make_record(), [b"0"])
        await store.append(_make_record().session_id, 1, [b"1", b"2", b"3"])
        assert await store.entries(_make_record().session_id, start) == [b"0", b"1", b"2", b"3"][start:]

    @pytest.mark.parametrize("stop", [None, 0, 1, 2, 3, 4, 9])
    @pytest.mark.parametrize("start", [0, 2, 4, 7])
    async def test_a_log_is_read_as_far_as_asked(self, store: Store, start: int, stop: int | None):
        """The entries stop where they are to, within a batch and across batches."""
        await store.create(_make_record(), [b"0"])
        await store.append(_make_record().session_id, 1, [b"1", b"2", b"3"])
        await store.append(_make_record().session_id, 4, [b"4"])
        whole = [b"0", b"1", b"2", b"3", b"4"]
        assert await store.entries(_make_record().session_id, start, stop) == whole[start:stop]

    @pytest.mark.parametrize("expected_size", [0, 1, 3])
    async def test_a_stale_append_is_refused_whole(self, store: Store, expected_size: int):
        """An append at any size but the log's own changes nothing and tells both sizes."""
        await store.create(_make_record(), [b"0", b"1"])
        with pytest.raises(StaleLogError) as caught:
            await store.append(_make_record().session_id, expected_size, [b"a", b"b"])
        assert (caught.value.expected_size, caught.value.actual_size) == (expected_size, 2)
        assert await store.entries(_make_record().session_id) == [b"0", b"1"]

    async def test_of_rival_appends_one_wins(self, store: Store):
        """Many appends at the same size: exactly one succeeds."""
        await store.create(_make_record(), [b"0"])
        rivals = [store.append(_make_record().session_id, 1, [b"rival %d" % number]) for number in range(20)]
        results = await asyncio.gather(*rivals, return_exceptions=True)
        winners = [number for number, result in enumerate(results) if result is None]
        losers = [result for result in results if isinstance(result, StaleLogError)]
        assert (len(winners), len(losers)) == (1, 19)
        assert await store.entries(_make_record().session_id) == [b"0", b"rival %d" % winners[0]]

    async def test_appends_in_flight_follow_each_other(self, store: Store):
        """A caller may ask for the next append before the last one is done."""
        await store.create(_make_record(), [])
        count = 3 * GROUP_LIMIT
        await asyncio.gather(*(store.append(_make_record().session_id, n, [b"%d" % n]) for n in range(count)))
        assert await store.entries(_make_record().session_id) == [b"%d" % n for n in range(count)]

    async def test_sessions_are_apart(self, store: Store):
        """Appends to many sessions at once land each in its own log, stale ones nowhere."""
        records = [_make_record(number) for number in range(1, 31)]
        for record in records:
            await store.create(record, [record.session_id])
        stale = StaleLogError(expected_size=7, actual_size=1)
        results = await asyncio.gather(
            *(
                store.append(record.session_id, 1 if number % 3 else 7, [b"next %d" % number])
                for number, record in enumerate(records)
            ),
            return_exceptions=True,
        )
        assert [str(result) for result in results] == [
            "None" if number % 3 else str(stale) for number in range(30)
        ]
        for number, record in enumerate(records):
            added = [b"next %d" % number] if number % 3 else []
            assert await store.entries(record.session_id) == [record.session_id, *added]

    async def test_a_refused_append_fails_alone(self, store: Store):
        """An append to an unknown session between two good ones hurts neither."""
        await store.create(_make_record(1), [])
        await store.create(_make_record(2), [])
        results = await asyncio.gather(
            store.append(_make_record(1).session_id, 0, [b"one"]),
            store.append(_make_record(9).session_id, 0, [b"nine"]),
            store.append(_make_record(2).session_id, 0, [b"two"]),
            return_exceptions=True,
        )
        assert [type(result) for result in results] == [type(None), StorageError, type(None)]
        assert await store.entries(_make_record(2).session_id) == [b"two"]

    async def test_an_unknown_session_is_named(self, store: Store):
        """Every question about a session that is not there names it."""
        stranger = b"\x2a" * 32
        for question in (
            store.entries(stranger),
            store.record(stranger),
            store.append(stranger, 0, [b"x"]),
            store.close_session(stranger),
        ):
            with pytest.raises(StorageError, match=f"no session {stranger.hex()}"):
                await question

    async def test_impossible_calls_are_refused(self, store: Store):
        """Nothing to append, and sizes and positions that no log has, are our caller's errors."""
        await store.create(_make_record(), [b"0"])
        session_id = _make_record().session_id
        for call in (
            store.append(session_id, 1, []),
            store.append(session_id, -1, [b"x"]),
            store.append(session_id, 2**32, [b"x"]),
            store.entries(session_id, -1),
            store.entries(session_id, 2**32),
        ):
            with pytest.raises(UsageError):
                await call
        assert await store.entries(session_id) == [b"0"]

    async def test_sessions_are_listed_in_order_of_creation(self, store: Store):
        """The list has each session's size and whether it is finished; finishing twice changes nothing."""
        await store.create(_make_record(3), [b"0", b"1"])
        await store.create(_make_record(1), [])
        await store.append(_make_record(3).session_id, 2, [b"2"])
        await store.close_session(_make_record(3).session_id)
        await store.close_session(_make_record(3).session_id)
        assert await store.sessions() == [
            SessionSummary(session_id=_make_record(3).session_id, size=3, closed=True),
            SessionSummary(session_id=_make_record(1).session_id, size=0, closed=False),
        ]

    async def test_the_caller_keeps_its_list(self, store: Store):
        """Changing the list after the call, or the list that was given, changes no log."""
        given = [b"0"]
        await store.create(_make_record(), given)
        given.append(b"1")
        read = await store.entries(_make_record().session_id)
        read.append(b"2")
        assert await store.entries(_make_record().session_id) == [b"0"]

    async def test_closing_twice_is_harmless(self, store: Store):
        """Closing again changes nothing."""
        await store.close()
        await store.close()


class TestMemoryStore(StoreContract):
    """The store that forgets."""

    @pytest.fixture
    def store(self) -> Store:
        return MemoryStore()


class TestSqliteStore(StoreContract):
    """The store in a file."""

    @pytest.fixture
    async def store(self, tmp_path: Path):
        store = await SqliteStore.open(tmp_path / "sessions.db")
        yield store
        await store.close()

    async def test_everything_is_there_after_reopening(self, store: SqliteStore, tmp_path: Path):
        """Records, logs and finished marks outlive the process's hold on the file."""
        await store.create(_make_record(1), [b"0"])
        await store.append(_make_record(1).session_id, 1, [b"1"])
        await store.create(_make_record(2), [])
        await store.close_session(_make_record(2).session_id)
        before = await store.sessions()
        await store.close()
        again = await SqliteStore.open(tmp_path / "sessions.db")
        assert await again.sessions() == before
        assert await again.record(_make_record(1).session_id) == _make_record(1)
        assert await again.entries(_make_record(1).session_id) == [b"0", b"1"]
        await again.append(_make_record(1).session_id, 2, [b"2"])
        await again.close()

    async def test_a_long_log_is_read_in_parts(self, store: SqliteStore):
        """A log of more batches than one read gives comes back whole, from any start."""
        await store.create(_make_record(), [])
        expected: list[bytes] = []
        for number in range(2 * READ_LIMIT + 3):
            await store.append(_make_record().session_id, len(expected), [b"a%d" % number, b"b%d" % number])
            expected += [b"a%d" % number, b"b%d" % number]
        for start in (0, 1, 2 * READ_LIMIT, 2 * READ_LIMIT + 1, len(expected) - 1, len(expected)):
            assert await store.entries(_make_record().session_id, start) == expected[start:]

    async def test_a_cancelled_caller_does_not_disturb_others(self, store: SqliteStore):
        """An append whose caller went away happens all the same, and the next caller is served."""
        await store.create(_make_record(), [])
        waiting = asyncio.ensure_future(store.append(_make_record().session_id, 0, [b"0"]))
        await asyncio.sleep(0)
        waiting.cancel()
        await store.append(_make_record().session_id, 1, [b"1"])
        assert await store.entries(_make_record().session_id) == [b"0", b"1"]

    async def test_what_is_asked_before_closing_is_done(self, store: SqliteStore, tmp_path: Path):
        """Closing waits for the appends in the queue; afterwards nothing more is taken."""
        await store.create(_make_record(), [])
        session_id = _make_record().session_id
        appends = [asyncio.ensure_future(store.append(session_id, n, [b"x"])) for n in range(50)]
        await asyncio.sleep(0)
        await store.close()
        assert [task.result() for task in appends] == [None] * 50
        with pytest.raises(UsageError, match="the store is closed"):
            await store.sessions()

    async def test_the_file_is_private(self, store: SqliteStore, tmp_path: Path):
        """Nobody but the owner can read the file, nor the log beside it: they hold secrets."""
        await store.create(_make_record(), [])
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
        assert modes == {"sessions.db": 0o600, "sessions.db-wal": 0o600}

    async def test_a_second_process_is_refused(self, store: SqliteStore, tmp_path: Path):
        """While one process has the file, another gets one line that says so."""
        script = (
            "import asyncio, sys\n"
            "from pathlib import Path\n"
            "from auctioneer.stores import SqliteStore\n"
            "from openoutcry.errors import StorageError\n"
            "try:\n"
            "    asyncio.run(SqliteStore.open(Path(sys.argv[1])))\n"
            "except StorageError as error:\n"
            "    print(error)\n"
        )
        path = tmp_path / "sessions.db"
        command = [sys.executable, "-c", script, str(path)]
        child = subprocess.run(command, capture_output=True, text=True, check=True)
        assert child.stdout.splitlines() == [
            f"{path}: is in use by another process: stop that one, or name another file"
        ]
        await store.create(_make_record(), [b"still ours"])

    async def test_a_damaged_batch_is_found(self, store: SqliteStore, tmp_path: Path):
        """A batch that does not hold as many entries as it says is refused by name."""
        await store.create(_make_record(), [b"0", b"1"])
        await store.close()
        connection = sqlite3.connect(tmp_path / "sessions.db")
        connection.execute("UPDATE batch SET count = 3")
        connection.commit()
        connection.close()
        again = await SqliteStore.open(tmp_path / "sessions.db")
        with pytest.raises(StorageError, match="the batch at 0 of session 0101"):
            await again.entries(_make_record().session_id)
        await again.close()

    async def test_a_full_disk_fails_one_append_only(self, store: SqliteStore, tmp_path: Path):
        """When the disk is full the append fails whole, and the next one that fits succeeds."""
        await store.create(_make_record(), [b"0"])
        await store.close()
        full = await SqliteStore.open(tmp_path / "sessions.db")
        await full._call(lambda file: file._connection.execute("PRAGMA max_page_count = 10"))
        with pytest.raises(StorageError, match="the disk is full, nothing was appended"):
            await full.append(_make_record().session_id, 1, [bytes(100_000)])
        await full.append(_make_record().session_id, 1, [b"small"])
        assert await full.entries(_make_record().session_id) == [b"0", b"small"]
        await full.close()

    async def test_after_a_failing_disk_the_file_answers_no_more(self, store: SqliteStore):
        """After an error that leaves the disk in doubt, reads and appends are refused until a restart."""
        await store.create(_make_record(), [b"0"])
        await store._call(lambda file: file._connection.execute("DROP TABLE batch"))
        with pytest.raises(StorageError, match="no such table"):
            await store.append(_make_record().session_id, 1, [b"1"])
        with pytest.raises(StorageError, match="out of use since an earlier failure"):
            await store.record(_make_record().session_id)

    async def test_the_unforeseen_stops_nobody_else(self, store: SqliteStore):
        """A call that fails in a way nobody thought of fails alone; the writer lives on."""
        with pytest.raises(StorageError, match="the store failed unforeseen \\(ZeroDivisionError"):
            await store._call(lambda file: 1 // 0)
        await store.create(_make_record(), [b"0"])

    async def test_wrong_types_fail_where_they_are(self, store: SqliteStore):
        """An entry that is not bytes is refused before it can reach the writer."""
        await store.create(_make_record(), [])
        with pytest.raises(TypeError):
            await store.append(_make_record().session_id, 0, ["text"])  # type: ignore[list-item]


def _write_other_database(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.commit()
    connection.close()


def _write_newer_store(path: Path) -> None:
    asyncio.run(_make_empty_store(path))
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 2")
    connection.commit()
    connection.close()


async def test_a_cancelled_opening_lets_go_of_the_file(tmp_path: Path):
    """Whoever gives up opening does not keep others out."""
    path = tmp_path / "sessions.db"
    opening = asyncio.ensure_future(SqliteStore.open(path))
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    for thread in threading.enumerate():
        if thread.name == "openoutcry-store":
            await asyncio.to_thread(thread.join, 10)
    store = await SqliteStore.open(path)
    await store.close()


async def _make_empty_store(path: Path) -> None:
    store = await SqliteStore.open(path)
    await store.close()


def _write_text(path: Path) -> None:
    path.write_text("dear diary, " * 100)


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (_write_other_database, "belongs to another program: name another file"),
        (_write_newer_store, "has layout 2, this release reads 1: use the release that wrote it"),
        (_write_text, "is not a store: name another file"),
    ],
)
def test_a_foreign_file_is_refused_untouched(tmp_path: Path, write, reason: str):
    """A file that is not a store of this release is refused with one line and stays as it was."""
    path = tmp_path / "sessions.db"
    write(path)
    before = path.read_bytes()
    with pytest.raises(StorageError) as caught:
        asyncio.run(SqliteStore.open(path))
    assert str(caught.value) == f"{path}: {reason}"
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["sessions.db"]


def test_a_missing_directory_is_named(tmp_path: Path):
    """A store in a directory that does not exist is refused with what to do."""
    path = tmp_path / "nowhere" / "sessions.db"
    with pytest.raises(StorageError) as caught:
        asyncio.run(SqliteStore.open(path))
    assert str(caught.value) == (
        f"{path}: cannot be made (No such file or directory): create its directory, or name another"
    )


def test_the_secret_is_not_shown():
    """The representation of a record, which may end in a log, keeps the secret out."""
    assert "secret" not in repr(_make_record())
