"""The thin FastAPI layer over the asset graph."""
