"""The interactive lane: warm processes that start a run within about a second (docs/lanes.md)."""
