"""Figures that pages show, kept so that no request computes them; gold scores, exams, and automatic acts."""

from qa.models.gold import AutomaticAct, ExamAttempt, GoldScore, GoldSheet
from qa.models.policy import QualityPolicy
from qa.models.sheets import FigureSheet

__all__ = ["AutomaticAct", "ExamAttempt", "FigureSheet", "GoldScore", "GoldSheet", "QualityPolicy"]
