"""Whether preflight works here: each part tried for real, within a bound, and what to do where one does not."""

from preflight.doctor.checks import Check, State, verdict
from preflight.doctor.diagnosis import Surroundings, examine

__all__ = ["Check", "State", "Surroundings", "examine", "verdict"]
