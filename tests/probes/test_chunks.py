"""The chunks of a track, a run at a time, are those that ISO/IEC 14496-12 §8.7.4 gives one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from preflight.probes.isobmff.sample_chunks import Sizes, place_samples

RUNS = st.lists(st.tuples(st.integers(0, 9), st.sampled_from([0, 1, 2, 3, 5, 5000])), max_size=4)
OFFSETS = st.lists(st.integers(0, 60), max_size=8)
SIZES = st.one_of(
    st.builds(Sizes, st.sampled_from([0, 1, 9, 6000]), st.integers(1, 9)),
    st.builds(Sizes, st.integers(0, 20), st.just(0)),
    st.lists(st.integers(0, 4), max_size=20).map(lambda each: Sizes(len(each), 0, tuple(each))),
)


def bytes_of(sizes: Sizes, first: int, samples: int) -> int:
    """0 where they are not told: for sound whose chunks are counted in other units, and without sizes."""
    if sizes.each:
        return sizes.each * samples if samples <= 4096 else 0
    return sum((sizes.listed or ())[first : first + samples])


@given(OFFSETS, st.one_of(RUNS, RUNS.map(sorted)), SIZES)
def test_a_run_at_a_time_is_the_same_as_one_by_one(
    offsets: list[int], runs: list[tuple[int, int]], sizes: Sizes
) -> None:
    begins, ends, sample, run = [], [], 0, 0
    for number, begin in enumerate(offsets, start=1):
        while run + 1 < len(runs) and runs[run + 1][0] <= number:
            run += 1
        wanted = runs[run][1] if runs and runs[run][0] <= number else 0
        samples = min(wanted, sizes.count - sample)
        begins += [begin] if samples else []
        ends.append(begin + max(bytes_of(sizes, sample, samples), 1))
        sample += samples

    found = place_samples(offsets, runs, sizes)

    assert (found.begins, found.samples, found.end) == (sorted(begins), sample, max(ends, default=None))
