"""The robustness study: what breaks an avatar, how much of it that takes, and what is noticed.

`study(StudyOptions(...))` does the trials and writes the report; `write_report` draws it again from
the results folder alone; `draw_cases` shows the edge cases.
"""

from avatar_app.study.cases_sheet import draw_cases
from avatar_app.study.report import Report, write_report
from avatar_app.study.run import Study, StudyOptions, study

__all__ = ["Report", "Study", "StudyOptions", "draw_cases", "study", "write_report"]
