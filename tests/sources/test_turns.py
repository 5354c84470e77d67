"""Turns at hosts: places, rates and pauses, with a clock that the test moves."""

from __future__ import annotations

import asyncio

import pytest

from preflight.sources.manners import Manners
from preflight.sources.turns import Hosts


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


def hosts(clock: Clock, **manners: float) -> Hosts:
    return Hosts(Manners(**manners), clock=clock, sleep=clock.sleep, chance=lambda: 0.0)  # type: ignore[arg-type]


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_a_host_has_as_many_places_as_it_may_have_and_others_have_theirs() -> None:
    async def scenario() -> None:
        every = hosts(Clock(), per_host=2)
        inside: list[str] = []

        async def visit(host: str, name: str, over: asyncio.Event) -> None:
            async with every.visit() as visit:
                await visit.turn(host)
                inside.append(name)
                await over.wait()

        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for name in ("a1", "a2", "a3", "b1"):
                group.create_task(visit(name[0], name, over))
            await settle()
            assert inside == ["a1", "a2", "b1"]
            over.set()
        assert inside == ["a1", "a2", "b1", "a3"]

    asyncio.run(scenario())


def test_a_slow_host_takes_no_place_of_the_process_while_it_is_waited_for() -> None:
    async def scenario() -> None:
        every = hosts(Clock(), per_host=1, concurrency=2)
        inside: list[str] = []
        over = asyncio.Event()

        async def visit(host: str) -> None:
            async with every.visit() as visit:
                await visit.turn(host)
                inside.append(host)
                await over.wait()

        async with asyncio.TaskGroup() as group:
            for host in ("slow", "slow", "slow", "quick"):
                group.create_task(visit(host))
            await settle()
            assert inside == ["slow", "quick"]
            over.set()

    asyncio.run(scenario())


def test_a_visitor_that_gives_up_leaves_its_place() -> None:
    async def scenario() -> None:
        every = hosts(Clock(), per_host=1)
        async with every.visit() as first:
            await first.turn("a")
            waiting = asyncio.create_task(every.visit().turn("a"))
            await settle()
            waiting.cancel()
            await settle()
        async with every.visit() as second:
            await asyncio.wait_for(second.turn("a"), 5)

    asyncio.run(scenario())


def test_requests_to_one_host_keep_its_rate() -> None:
    async def scenario() -> None:
        clock = Clock()
        every = hosts(clock, host_rate=4)
        async with every.visit() as visit:
            for _ in range(5):
                await visit.turn("a")
        assert clock.now == pytest.approx(101.0)

    asyncio.run(scenario())


def test_a_refusal_slows_everybody_down_at_that_host_and_nobody_elsewhere() -> None:
    async def scenario() -> None:
        clock = Clock()
        every = hosts(clock, patience=1)
        async with every.visit() as visit, every.visit() as other, every.visit() as elsewhere:
            await visit.turn("a")
            assert visit.answered(503, {"retry-after": "7"}) == 7
            await elsewhere.turn("b")
            assert clock.now == 100
            await other.turn("a")
            assert clock.now == 107

    asyncio.run(scenario())


def test_waits_double_and_end_with_the_patience() -> None:
    async def scenario() -> None:
        clock = Clock()
        every = hosts(clock, patience=3)
        async with every.visit() as visit:
            waits = []
            for _ in range(4):
                await visit.turn("a")
                waits.append(visit.answered(503, {}))
        assert waits == [1.0, 2.0, 4.0, None]

    asyncio.run(scenario())


def test_a_host_with_nothing_but_refusals_is_given_up() -> None:
    async def scenario() -> None:
        clock = Clock()
        every = hosts(clock, patience=100)
        async with every.visit() as visit:
            await visit.turn("a")
            assert visit.answered(429, {}) is not None
            clock.now += 200
            await visit.turn("a")
            assert visit.answered(429, {}) is None

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "wish", ["36000", "999999999", "99999999999999999999", "Fri, 01 Jan 2100 00:00:00 GMT", "-5", "1.5", "soon"]
)
def test_no_wish_of_a_host_holds_a_reading_up_for_more_than_minutes(wish: str) -> None:
    async def scenario() -> None:
        clock = Clock()
        every = hosts(clock, patience=8)
        async with every.visit() as visit, every.visit() as elsewhere:
            await visit.turn("a")
            while (wait := visit.answered(503, {"retry-after": wish})) is not None:
                began = clock.now
                await elsewhere.turn("b")
                assert clock.now == began, "another host goes on"
                await visit.pause(wait)
                await visit.turn("a")
        assert 100 < clock.now < 100 + 300

    asyncio.run(scenario())


def test_a_refused_host_gets_fewer_visitors_and_then_more_again() -> None:
    async def scenario() -> None:
        every = hosts(Clock(), per_host=4, patience=9)
        visits = [every.visit() for _ in range(4)]
        await visits[0].turn("a")
        visits[0].answered(503, {"retry-after": "0"})
        await visits[1].turn("a")
        blocked = asyncio.create_task(visits[2].turn("a"))
        await settle()
        assert not blocked.done()
        for _ in range(2):
            visits[1].answered(200, {})
        await asyncio.wait_for(blocked, 5)
        for visit in visits[:3]:
            await visit.__aexit__()

    asyncio.run(scenario())


def test_waiting_does_not_use_up_the_deadline() -> None:
    async def scenario() -> None:
        every = Hosts(Manners(per_host=1))
        async with every.visit() as first:
            await first.turn("a")

            async def second() -> None:
                async with every.visit() as visit, asyncio.timeout(0.2) as visit.deadline:
                    await visit.turn("a")

            waiting = asyncio.create_task(second())
            await asyncio.sleep(0.4)
            assert not waiting.done()
        await waiting

    asyncio.run(scenario())


def test_what_workers_may_do_together_is_what_one_may() -> None:
    shares = Manners(per_host=8, concurrency=32, host_rate=6).shared_by(3)
    assert sorted(share.per_host for share in shares) == [2, 3, 3]
    assert sum(share.host_rate or 0 for share in shares) == pytest.approx(6)
    assert sum(share.concurrency for share in shares) <= 32


def test_an_ipv4_address_in_ipv6_is_the_same_host() -> None:
    hosts = Hosts()
    assert hosts.host("::ffff:7f00:1") is hosts.host("127.0.0.1")
    assert hosts.host("::1") is not hosts.host("127.0.0.1")
