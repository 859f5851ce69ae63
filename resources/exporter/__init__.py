"""`geocrop exporter`: what Dagster, registry, store, databases and backups are like, as numbers for Prometheus.

The API's own numbers are at its `/metrics`; those of Dagster are here, for the API never imports it.
"""
