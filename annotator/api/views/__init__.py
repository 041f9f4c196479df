"""Views of the REST interface: parse, authorise, call a service or selector, render."""
