"""A ledger with a second name, with planted triggers and rows, or of an earlier version: refused, survived, or read."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from preflight.errors import LedgerUnusable
from preflight.ledger import Balance, EntryState, Ledger
from preflight.ledger.deliveries import Deliveries, Delivery
from preflight.ledger.file_names import require_one_name
from tests.ledger.test_ledger_invariants import API, Clock, brought_to, order
from tests.support.command import KEY, here

OLD = {version: Path(__file__).with_name(f"version-{version}.sql") for version in (1, 2, 3)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger with one entry that is done, and one in doubt."""
    file = tmp_path / "ledger.db"
    clock = Clock()
    with Ledger(file, now=clock) as ledger:
        brought_to(ledger, EntryState.COMPLETED, "done")
        with ledger.begin(order("doubt"), api=API) as claim:
            claim.record_balance("before", Balance(at=clock(), balance=Decimal(1000), consumed=Decimal(0)))
            claim.about_to_send(1)
            claim.unknown("no answer", settles_at=clock.now)
    return file


def change(path: Path, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(sql, values)


COMMANDS = (
    ["list"],
    ["list", "--format", "json"],
    ["show", "2"],
    ["calibrate"],
    ["resolve", "2", "--not-charged"],
)


def codes(path: Path) -> set[int]:
    """What every command that reads the ledger ends with, in text and JSON."""
    ran = [here("ledger", *given, "--ledger", path) for given in COMMANDS]
    assert not [each.err for each in ran if "Traceback" in each.err or "bug in preflight" in each.err]
    return {each.code for each in ran}


PLANTED = {
    "a trigger that undoes": "CREATE TRIGGER t AFTER UPDATE ON entry BEGIN UPDATE entry SET state = 'refused'; END",
    "a trigger that hides": "CREATE TRIGGER t AFTER INSERT ON entry BEGIN DELETE FROM entry; END",
    "a trigger that fails": "CREATE TRIGGER t BEFORE UPDATE ON entry BEGIN SELECT raise(ABORT, 'no'); END",
    "a view": "CREATE VIEW v AS SELECT * FROM entry",
    "no guard of doubt": "DROP INDEX entry_in_doubt",
    "no guard of tasks": "DROP INDEX entry_task",
    "a table less": "ALTER TABLE balance RENAME TO other",
    "no salt": "DELETE FROM salt",
    "a salt of text": "UPDATE salt SET value = 'salt'",
}


@pytest.mark.parametrize("case", PLANTED)
def test_what_was_planted_is_refused(case: str, path: Path) -> None:
    change(path, PLANTED[case])
    with pytest.raises(LedgerUnusable, match="restore it from a backup"):
        Ledger(path)
    assert codes(path) == {2}


def test_a_view_in_the_place_of_a_table_is_refused(path: Path) -> None:
    change(path, "ALTER TABLE entry RENAME TO real_entry")
    change(path, "CREATE VIEW entry AS SELECT * FROM real_entry WHERE state != 'unknown'")
    assert codes(path) == {2}


def test_what_is_planted_while_it_is_open_lets_nothing_through(path: Path) -> None:
    with Ledger(path) as ledger:
        change(path, PLANTED["a trigger that hides"])
        with pytest.raises(LedgerUnusable, match="a trigger 't'"):
            ledger.begin(order("new"), api=API)


VALUES: tuple[object, ...] = (
    "NaN", "-NaN", "sNaN", "Infinity", "1e999999999", "1e-999999999", "٣", "", "null", "[]", '{"a": NaN}', "{",
    '{"low": "NaN", "credits_per_second": "NaN", "orientation": "video", "credits": null}', '{"video": "1/0"}',
    '{"video": "NaN"}', '[{"field": Infinity}]', "[[[" * 30_000, "2026-03-01", "2026-03-01T12:00:00", "x",
    -1, 7, 2**62, 1.5, float("inf"), b"\xff\x00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
)  # fmt: skip
COLUMNS = (
    "entry.created_at", "entry.updated_at", "entry.sent_at", "entry.settles_at", "entry.attempts", "entry.model",
    "entry.path", "entry.job", "entry.quote", "entry.high", "entry.clocks", "entry.receipts", "entry.task_id",
    "entry.charged", "entry.refunded", "entry.reason", "entry.account", "entry.api", "entry.job_hash", "event.at",
    "event.state", "event.what", "balance.at", "balance.balance", "balance.consumed",
)  # fmt: skip


@pytest.mark.parametrize("column", COLUMNS)
def test_no_value_in_a_row_ends_in_an_error_of_preflight(column: str, path: Path) -> None:
    table, name = column.split(".")
    before = path.read_bytes()
    for value in VALUES:
        for leftover in path.parent.glob("ledger.db-*"):
            leftover.unlink()
        path.write_bytes(before)
        try:
            change(path, f"UPDATE {table} SET {name} = ?", value)
        except sqlite3.Error:  # the table itself refuses it
            continue
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert codes(path) <= {0, 2, 3, 6}, value
        try:
            with Ledger(path) as ledger:
                ledger.begin(order("new"), api=API).__exit__(None, None, None)
                ledger.entries()
        except LedgerUnusable:
            continue


def test_a_hard_link_is_refused_from_either_side(path: Path) -> None:
    link = path.with_name("link.db")
    with Ledger(path) as ledger:
        os.link(path, link)
        with pytest.raises(LedgerUnusable, match="hard links"):
            ledger.begin(order("new"), api=API)
    for name in (path, link):
        with pytest.raises(LedgerUnusable, match=r"has 2 names \(hard links\)"):
            Ledger(name)
        assert codes(name) == {2}
    link.unlink()
    assert codes(path) >= {0}


MOUNTED = "612 29 8:1 /home/me/ledger.db {} rw,relatime shared:1 - ext4 /dev/sda1 rw\n"


def test_a_file_that_is_mounted_by_itself_is_refused(path: Path, tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text("22 29 0:20 / /proc rw - proc proc rw\nodd line\n" + MOUNTED.format(path))
    with pytest.raises(LedgerUnusable, match="mounted as a single file"):
        require_one_name(path, mounts=mounts)
    mounts.write_text(MOUNTED.format(path.parent))
    require_one_name(path, mounts=mounts)
    require_one_name(path, mounts=tmp_path / "no such list")


def test_a_mounted_file_with_a_space_in_its_name_is_told(tmp_path: Path) -> None:
    file = tmp_path / "my ledger.db"
    file.touch()
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTED.format(str(file).replace(" ", "\\040")))
    with pytest.raises(LedgerUnusable, match="mounted as a single file"):
        require_one_name(file, mounts=mounts)


def old_ledger(file: Path, version: int) -> Path:
    """A ledger as an earlier version left it: 0.1.0 had version 1 of its tables."""
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(OLD[version].read_text("utf-8"))
        connection.execute("PRAGMA journal_mode = WAL")
    return file


@pytest.fixture(params=OLD)
def any_old(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    return old_ledger(tmp_path / "old.db", request.param)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return old_ledger(tmp_path / "old.db", 1)


def test_an_old_ledger_is_brought_up_to_date_and_keeps_all(any_old: Path) -> None:
    with Ledger(any_old) as ledger:
        doubt, done = ledger.entries()
        waiting = Deliveries(ledger).waiting()
        made = ledger.account_of(KEY)
    assert (done.state, done.task_id, done.charged, done.account) == (
        EntryState.COMPLETED,
        "task-a",
        Decimal(360),
        None,
    )
    assert (doubt.state, doubt.attempts, doubt.account) == (EntryState.UNKNOWN, 2, None)
    # An answer was taken for the end of all doubt.
    assert doubt.settles_at == doubt.updated_at + timedelta(seconds=180)
    assert [(each.task_id, each.token_hash) for each in waiting] == [
        ("task-a", sha256(b"ours").hexdigest()),
        ("task-x", None),
    ]
    with Ledger(any_old) as again:
        assert (again.account_of(KEY), len(again.entries())) == (made, 2)
    with closing(sqlite3.connect(any_old)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (4,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_what_an_old_ledger_has_in_doubt_stays_so_until_somebody_looks(old: Path, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(KEY)
    options = ["--ledger", old, "--api-url", "https://api.example", "--key-file", key]
    ran = here("ledger", "resolve", "2", *options)
    assert (ran.code, "did not record which key paid" in ran.err) == (6, True)
    assert here("ledger", "resolve", "2", "--not-charged", *options).code == 0


@pytest.mark.parametrize("damage", ["UPDATE entry SET updated_at = 'NaN'", "DROP TABLE delivery"])
def test_an_old_ledger_that_cannot_be_brought_up_to_date_is_left_as_it_is(damage: str, old: Path) -> None:
    change(old, damage)
    with pytest.raises(LedgerUnusable):
        Ledger(old)
    with closing(sqlite3.connect(old)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


def test_ledgers_do_not_know_each_others_keys(tmp_path: Path) -> None:
    with Ledger(tmp_path / "a.db") as one, Ledger(tmp_path / "b.db") as other:
        assert one.account_of(KEY) == one.account_of(KEY) != other.account_of(KEY)
        assert one.account_of(KEY) != one.account_of(KEY + "x")


def test_a_delivery_with_another_secret_stands_in_nobodys_way(tmp_path: Path) -> None:
    hashes = {name: sha256(name.encode()).hexdigest() for name in ("mine", "theirs")}
    with Ledger(tmp_path / "ledger.db") as ledger:
        for name, token in hashes.items():
            with ledger.begin(order(name), api=API, token_hash=token) as claim:
                claim.about_to_send(1)
        deliveries = Deliveries(ledger)
        for token in (None, hashes["theirs"], hashes["mine"], hashes["mine"]):
            deliveries.take([Delivery(task_id="t", event="task.completed", token_hash=token)])
            for each in deliveries.waiting():
                if each.token_hash != hashes["mine"]:
                    deliveries.close(each, "forged")
        (left,) = deliveries.waiting()
        assert left.token_hash == hashes["mine"]
