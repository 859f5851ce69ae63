"""Routes, one file a subject; each defines `router`."""
