"""The thin API. Nothing here imports Dagster; `orchestrator.py` alone knows that it is there, and speaks HTTP to it."""
