"""What the heart tells the rooms above it, which it must not import."""

from django.dispatch import Signal

# Sent with `submission` in the transaction of an answer to a person whose truth is known. Receivers act on commit;
# whoever misses it finds the answer without a score.
gold_answered = Signal()
