"""Turns facts and a spec into findings: one small function for each rule in ``rules/catalogue.py``."""

from preflight.rules.catalogue import RULES
from preflight.rules.evaluate import judge_job, judge_length, judge_price, judge_subject
from preflight.rules.rule import Area, Rule

__all__ = ["RULES", "Area", "Rule", "judge_job", "judge_length", "judge_price", "judge_subject"]
