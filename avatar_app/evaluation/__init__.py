"""How good a model is, measured on clips beside what needs no learning.

`evaluate(EvaluationOptions(...))` gives an `Evaluation`: its `tables()` and `remarks()` are for
people, `save_json` for programs, its sheets for the eye.
"""

from avatar_app.evaluation.report import Evaluation, Table
from avatar_app.evaluation.run import EvaluationOptions, evaluate
from avatar_app.evaluation.scores import Scores

__all__ = ["Evaluation", "EvaluationOptions", "Scores", "Table", "evaluate"]
