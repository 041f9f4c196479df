"""Pages. A view parses, authorises, calls a service or a selector, and renders."""
