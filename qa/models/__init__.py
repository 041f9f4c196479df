"""Figures that pages show, kept so that no request computes them."""

from qa.models.sheets import FigureSheet

__all__ = ["FigureSheet"]
