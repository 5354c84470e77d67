"""The ledger by itself: what stands in it, what it lets through, and what it does not survive silently."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from preflight.errors import AlreadySubmitted, ConfigurationError, LedgerUnusable, OverBudget, StillUnknown
from preflight.ledger import Balance, Budget, EntryState, Ledger, PaidRequest

API = "https://api.example"
SETTLES = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    """A time that a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.db", now=clock) as opened:
        yield opened


def order(job: str = "a", high: int = 360) -> PaidRequest:
    return PaidRequest(
        job_hash=job, job={}, model="m", path=None, quote={}, high=Decimal(high), clocks={"video": "12"}, receipts=()
    )


def brought_to(ledger: Ledger, state: EntryState, job: str = "a", high: int = 360) -> int:
    """An entry that went the usual way to ``state``."""
    with ledger.begin(order(job, high), api=API) as claim:
        if state in {EntryState.ACCEPTED, EntryState.COMPLETED, EntryState.FAILED}:
            claim.about_to_send(1)
            claim.accepted(f"task-{job}")
            if state is not EntryState.ACCEPTED:
                ledger.move(claim.entry_id, state, "ended")
        elif state is EntryState.UNKNOWN:
            claim.about_to_send(1)
            claim.unknown("no answer", settles_at=SETTLES)
        elif state is EntryState.REFUSED:
            claim.refused("no")
        elif state is EntryState.SENT:
            claim.about_to_send(1)
        assert ledger.entry(claim.entry_id).state is state
        return claim.entry_id


ENDS = (EntryState.COMPLETED, EntryState.FAILED, EntryState.REFUSED)


@pytest.mark.parametrize("end", ENDS, ids=lambda state: state.value)
@pytest.mark.parametrize("next_state", EntryState, ids=lambda state: state.value)
def test_an_end_is_never_left(end: EntryState, next_state: EntryState, ledger: Ledger) -> None:
    entry_id = brought_to(ledger, end)
    assert ledger.move(entry_id, next_state, "late news", task_id="another") is False
    assert ledger.entry(entry_id).state is end
    assert ledger.entry(entry_id).task_id != "another"


def test_what_was_accepted_is_never_unknown_again(ledger: Ledger) -> None:
    entry_id = brought_to(ledger, EntryState.ACCEPTED)
    assert not ledger.move(entry_id, EntryState.UNKNOWN, "lost")
    assert not ledger.move(entry_id, EntryState.REFUSED, "lost")
    assert ledger.entry(entry_id).state is EntryState.ACCEPTED


def test_an_entry_is_on_the_disk_before_it_may_leave(ledger: Ledger) -> None:
    with ledger.begin(order(), api=API) as claim, Ledger(ledger.path) as other:
        assert other.entry(claim.entry_id).state is EntryState.INTENDED
        claim.about_to_send(1)
        assert other.entry(claim.entry_id).state is EntryState.SENT


def test_the_file_is_written_through_and_readable_by_its_owner_alone(ledger: Ledger) -> None:
    with ledger.reading() as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL
    assert ledger.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("state", [EntryState.UNKNOWN, EntryState.ACCEPTED], ids=lambda state: state.value)
def test_a_job_that_an_earlier_version_paid_for_is_not_paid_for_again(state: EntryState, ledger: Ledger) -> None:
    entry_id = brought_to(ledger, state, job="as-it-was-hashed-then")
    again = replace(order("as-it-is-hashed-now"), earlier_hashes=("as-it-was-hashed-then",))
    with pytest.raises(StillUnknown if state is EntryState.UNKNOWN else AlreadySubmitted, match=f"entry {entry_id}"):
        ledger.begin(again, api=API)


# EntryState of the earlier entry: what a second submission of its job meets, without and with --again.
SECOND = {
    EntryState.ACCEPTED: (AlreadySubmitted, None),
    EntryState.COMPLETED: (AlreadySubmitted, None),
    EntryState.FAILED: (AlreadySubmitted, None),
    EntryState.REFUSED: (None, None),
    EntryState.UNKNOWN: (StillUnknown, StillUnknown),
}


@pytest.mark.parametrize("again", [False, True], ids=["plain", "again"])
@pytest.mark.parametrize("earlier", SECOND, ids=lambda state: state.value)
def test_the_same_job_is_sent_again_on_demand_and_never_while_in_doubt(
    earlier: EntryState, again: bool, ledger: Ledger
) -> None:
    brought_to(ledger, earlier)
    expected = SECOND[earlier][again]
    if expected is None:
        ledger.begin(order(), api=API, again=again).__exit__(None, None, None)
        return
    with pytest.raises(expected):
        ledger.require_payable(order(), api=API, again=again)
    with pytest.raises(expected):
        ledger.begin(order(), api=API, again=again)


def test_another_service_has_its_own_jobs_and_its_own_budget(ledger: Ledger) -> None:
    brought_to(ledger, EntryState.UNKNOWN)
    budget = Budget(max_credits=Decimal(360), per_day=Decimal(360))
    with ledger.begin(order(), api="http://127.0.0.1:8787", budget=budget) as claim:
        assert claim.entry_id == 2


def test_a_job_that_is_being_sent_is_not_sent_beside_it(ledger: Ledger) -> None:
    with (
        ledger.begin(order(), api=API),
        Ledger(ledger.path) as other,
        pytest.raises(AlreadySubmitted, match="another process"),
    ):
        other.begin(order(), api=API, again=True)


@pytest.mark.parametrize(
    ("left_at", "becomes"),
    [(EntryState.INTENDED, EntryState.REFUSED), (EntryState.SENT, EntryState.UNKNOWN)],
    ids=["unsent", "sent"],
)
def test_what_a_dead_process_left_is_settled(left_at: EntryState, becomes: EntryState, ledger: Ledger) -> None:
    entry_id = brought_to(ledger, left_at)  # its claim is closed, as by the death of a process
    ledger.mark_abandoned()
    entry = ledger.entry(entry_id)
    assert entry.state is becomes
    if becomes is EntryState.UNKNOWN:
        assert entry.sent_at is not None
        # Nobody knows when its last byte left: not after it was found dead.
        assert entry.settles_at is not None
        assert ledger.now() - timedelta(seconds=1) < entry.settles_at - timedelta(seconds=180) < ledger.now()


def test_a_killed_process_leaves_a_sign_that_holds_nobody_up(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    script = (
        "import os, signal, sys; sys.path[:0] = sys.argv[2:]\n"
        "from pathlib import Path\n"
        "from preflight.ledger import Ledger\n"
        "from tests.ledger.test_ledger_invariants import API, order\n"
        "claim = Ledger(Path(sys.argv[1])).begin(order(), api=API)\n"
        "claim.about_to_send(1)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, path, *sys.path], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    with Ledger(path) as ledger:
        assert ledger.entry(1).state is EntryState.SENT
        with pytest.raises(StillUnknown):
            ledger.begin(order(), api=API)
        ledger.mark_abandoned()
        assert ledger.entry(1).state is EntryState.UNKNOWN
    assert not list(tmp_path.glob("*-live-*"))


# Earlier entries as (state, job, high); a job of 100 credits; what holds it back.
BUDGETS = {
    "fits-exactly": ((), Budget(max_credits=Decimal(100)), True),
    "too-dear": ((), Budget(max_credits=Decimal(99)), False),
    "unknown-counts": (((EntryState.UNKNOWN, "b", 50),), Budget(max_credits=Decimal(149)), False),
    "unknown-fits": (((EntryState.UNKNOWN, "b", 50),), Budget(max_credits=Decimal(150)), True),
    "accepted-is-past": (((EntryState.ACCEPTED, "b", 50),), Budget(max_credits=Decimal(100)), True),
    "the-day-counts-accepted": (((EntryState.ACCEPTED, "b", 50),), Budget(per_day=Decimal(149)), False),
    "the-day-counts-all": (
        ((EntryState.ACCEPTED, "b", 50), (EntryState.UNKNOWN, "c", 20), (EntryState.COMPLETED, "d", 30)),
        Budget(per_day=Decimal(199)),
        False,
    ),
    "the-day-fits": (
        ((EntryState.ACCEPTED, "b", 50), (EntryState.UNKNOWN, "c", 20), (EntryState.COMPLETED, "d", 30)),
        Budget(per_day=Decimal(200)),
        True,
    ),
    "refused-costs-nothing": (((EntryState.REFUSED, "b", 5000),), Budget(per_day=Decimal(100)), True),
    "failed-counts-until-refunded": (((EntryState.FAILED, "b", 50),), Budget(per_day=Decimal(149)), False),
}


@pytest.mark.parametrize("case", BUDGETS)
def test_a_budget_is_held_to_the_high_end_and_all_that_is_open(case: str, ledger: Ledger) -> None:
    earlier, budget, fits = BUDGETS[case]
    for state, job, high in earlier:
        brought_to(ledger, state, job, high)
    if fits:
        ledger.begin(order(high=100), api=API, budget=budget).__exit__(None, None, None)
        return
    before = ledger.entries()
    with pytest.raises(OverBudget, match="may cost 100 credits"):
        ledger.begin(order(high=100), api=API, budget=budget)
    assert ledger.entries() == before


def test_yesterday_is_not_in_the_budget_of_the_day(ledger: Ledger, clock: Clock) -> None:
    brought_to(ledger, EntryState.COMPLETED, "b", 50)
    clock.now += timedelta(hours=24)
    ledger.require_payable(order(high=100), api=API, budget=Budget(per_day=Decimal(100)))


def weighed(ledger: Ledger, clock: Clock, job: str, before: int, after: int) -> int:
    with ledger.begin(order(job), api=API) as claim:
        claim.record_balance("before", Balance(at=clock(), balance=Decimal(before)))
        claim.about_to_send(1)
        claim.accepted(f"task-{job}")
        claim.record_balance("after", Balance(at=clock(), balance=Decimal(after)))
        return claim.entry_id


def test_what_was_charged_is_what_the_balance_fell_by(ledger: Ledger, clock: Clock) -> None:
    assert ledger.entry(weighed(ledger, clock, "a", 1000, 745)).charged == 255
    assert ledger.entry(weighed(ledger, clock, "b", 745, 445)).charged == 300


def test_beside_another_submission_a_charge_is_not_believed(ledger: Ledger, clock: Clock) -> None:
    with ledger.begin(order("other"), api=API) as other:
        other.about_to_send(1)
        assert ledger.entry(weighed(ledger, clock, "a", 1000, 385)).charged is None


def test_a_late_charge_for_an_unknown_request_may_be_in_the_balance(ledger: Ledger, clock: Clock) -> None:
    with ledger.begin(order("lost"), api=API) as lost:
        lost.about_to_send(1)
        lost.unknown("no answer", settles_at=clock.now + timedelta(minutes=3))
    assert ledger.entry(weighed(ledger, clock, "a", 1000, 640)).charged is None
    clock.now += timedelta(minutes=4)
    assert ledger.entry(weighed(ledger, clock, "b", 640, 280)).charged == 360


def test_of_two_looks_the_services_own_count_is_preferred(ledger: Ledger, clock: Clock) -> None:
    with ledger.begin(order(), api=API) as claim:
        claim.record_balance("before", Balance(at=clock(), balance=Decimal(1000), consumed=Decimal(50)))
        claim.about_to_send(1)
        claim.accepted("task")
        # Credits were bought meanwhile.
        claim.record_balance("after", Balance(at=clock(), balance=Decimal(5640), consumed=Decimal(410)))
    assert ledger.entry(claim.entry_id).charged == 360


def test_a_task_belongs_to_one_entry(ledger: Ledger) -> None:
    first = brought_to(ledger, EntryState.ACCEPTED)
    with ledger.begin(order("b"), api=API) as claim:
        claim.about_to_send(1)
        claim.accepted("task-a")
    second = ledger.entry(claim.entry_id)
    assert (second.state, second.task_id) == (EntryState.ACCEPTED, None)
    assert second.reason is not None
    assert "another entry" in second.reason
    assert ledger.entry(first).task_id == "task-a"


def other_database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE mine (x)")
    connection.close()


def newer(path: Path, version: int = 99) -> None:
    Ledger(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()


def cut_short(path: Path) -> None:
    with Ledger(path) as ledger:
        brought_to(ledger, EntryState.ACCEPTED)
    os.truncate(path, 5000)


NO_LEDGERS = {
    "text": lambda path: path.write_text("not a database, not at all\n" * 50),
    "another-database": other_database,
    "a-newer-one": newer,
    "of-no-version": lambda path: newer(path, -3),
    "a-folder": lambda path: path.mkdir(),
    "cut-short": cut_short,
}


@pytest.mark.parametrize("case", NO_LEDGERS)
def test_a_file_that_is_no_ledger_is_refused_and_left_as_it_is(case: str, tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    NO_LEDGERS[case](path)
    before = None if path.is_dir() else path.read_bytes()
    with pytest.raises(LedgerUnusable), Ledger(path) as ledger:
        ledger.begin(order(), api=API)
    assert before is None or path.read_bytes() == before


def test_a_full_disk_lets_nothing_through(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with Ledger(path) as ledger:
        brought_to(ledger, EntryState.COMPLETED)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # A file that may not grow is to SQLite what a full disk is. It is read first: opening writes, too.
    with Ledger(path) as ledger:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
        try:
            with pytest.raises(LedgerUnusable):
                ledger.begin(order("b"), api=API)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert [entry.job_hash for entry in ledger.entries()] == ["a"]
        ledger.begin(order("b"), api=API).__exit__(None, None, None)


def test_an_entry_that_is_not_there_is_named(ledger: Ledger) -> None:
    for number in (0, 1, -5, 1 << 70):
        with pytest.raises(ConfigurationError, match=str(number)):
            ledger.entry(number)


def test_a_ledger_in_a_folder_that_is_new_is_made_with_it(tmp_path: Path) -> None:
    with Ledger(tmp_path / "a" / "b" / "ledger.db") as ledger:
        assert ledger.entries() == ()
    shutil.rmtree(tmp_path / "a")
