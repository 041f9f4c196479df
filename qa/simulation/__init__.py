"""Annotators with chosen habits, played on people whose truth is known: what the figures must find again was put in."""
