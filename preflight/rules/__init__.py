"""Facts and a spec to findings: one small function a rule, all of them in ``table.py``."""

from preflight.rules.judge import judge_job, judge_length, judge_price, judge_subject
from preflight.rules.rule import Area, Rule
from preflight.rules.table import RULES

__all__ = ["RULES", "Area", "Rule", "judge_job", "judge_length", "judge_price", "judge_subject"]
