"""Edge cases for a driver or a source picture, drawn onto clean ones by the app's own code.

`CASES` is the one table of them, `perturb` applies one over time, `envelope` says how strongly in
which frame. Landmarks are passed in; nothing here looks for faces.
"""

from avatar_app.perturbations.cases import CASES, Case, find_case, perturb
from avatar_app.perturbations.envelope import envelope

__all__ = ["CASES", "Case", "envelope", "find_case", "perturb"]
