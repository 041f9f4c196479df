"""The one error of this room: what a person or a file gave is not a valid label."""


class LabelError(ValueError):
    """Bad label data; the message names the field, the value and the way out."""
