"""The software-defined assets, one family a file."""
