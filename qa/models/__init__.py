"""Figures and what they are made of, kept so that no request computes them; gold, exams, acts, merges."""

from qa.models.comparisons import ChangedTask, Comparison, PartsComparison, PointsComparison, Tally
from qa.models.gold import AutomaticAct, ExamAttempt, GoldScore, GoldSheet
from qa.models.merge_decisions import MergeDecision
from qa.models.policy import QualityPolicy
from qa.models.sheets import FigureSheet

__all__ = [
    "AutomaticAct", "ChangedTask", "Comparison", "ExamAttempt", "FigureSheet", "GoldScore", "GoldSheet",
    "MergeDecision", "PartsComparison", "PointsComparison", "QualityPolicy", "Tally",
]  # fmt: skip
