"""Checks the installation: tries each part for real, within a bound, and says how to fix a part that fails."""

from preflight.doctor.checks import Check, CheckState, verdict
from preflight.doctor.diagnosis import Surroundings, examine

__all__ = ["Check", "CheckState", "Surroundings", "examine", "verdict"]
