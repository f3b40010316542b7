"""The robustness study: what breaks an avatar, how much of it takes, and what is noticed."""

from avatar_app.study.cases_sheet import draw_cases

__all__ = ["draw_cases"]
