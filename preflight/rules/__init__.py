"""Turns facts and a spec into findings: one small function for each rule in ``rules/catalogue.py``."""

from preflight.rules.catalogue import RULES, RULES_BY_ID, no_rule, rules_with
from preflight.rules.evaluate import (
    are_swapped,
    judge_job,
    judge_length,
    judge_price,
    judge_subject,
    judge_unreadable,
    with_one_command,
)
from preflight.rules.rule import Area, Rule, Trait

__all__ = [
    "RULES",
    "RULES_BY_ID",
    "Area",
    "Rule",
    "Trait",
    "are_swapped",
    "judge_job",
    "judge_length",
    "judge_price",
    "judge_subject",
    "judge_unreadable",
    "no_rule",
    "rules_with",
    "with_one_command",
]
