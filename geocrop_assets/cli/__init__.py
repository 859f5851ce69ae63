"""`geocrop`: the command line."""

from geocrop_assets.cli.main import app

__all__ = ["app"]
