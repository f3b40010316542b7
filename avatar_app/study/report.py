"""stub"""
from dataclasses import dataclass
from pathlib import Path
from avatar_app.progress import Progress
@dataclass(frozen=True)
class Report:
    html: Path
def write_report(folder: Path, progress: Progress) -> Report:
    return Report(folder/"report.html")
