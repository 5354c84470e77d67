"""Facts and a spec to findings: one small function a rule, all of them in ``rules/catalogue.py``."""

from preflight.rules.catalogue import RULES
from preflight.rules.evaluate import judge_job, judge_length, judge_price, judge_subject
from preflight.rules.rule import Area, Rule

__all__ = ["RULES", "Area", "Rule", "judge_job", "judge_length", "judge_price", "judge_subject"]
