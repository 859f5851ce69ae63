"""The Dagster code location: thin assets, checks, jobs and automation."""
