"""The names of the bounds on a difference, as options, settings and reports give them."""

from __future__ import annotations

from typing import Final

TOTAL: Final = "max-total"
INCREASE: Final = "max-increase"
INCREASE_PERCENT: Final = "max-increase-percent"
JOB_CREDITS: Final = "max-job-credits"
CLIP_SECONDS: Final = "max-clip-seconds"
NAMES: Final = (TOTAL, INCREASE, INCREASE_PERCENT, JOB_CREDITS, CLIP_SECONDS)
