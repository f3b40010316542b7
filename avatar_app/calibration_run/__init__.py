"""Teaching the glitch detector: labelled footage, a fit, thresholds, figures on a test split."""

from avatar_app.calibration_run.job import CalibrationResult, calibrate

__all__ = ["CalibrationResult", "calibrate"]
