"""Somebody's video judged: `inspect` gives a table, events, and a report that a person can read."""

from avatar_app.inspection.findings import Inspection
from avatar_app.inspection.job import inspect

__all__ = ["Inspection", "inspect"]
