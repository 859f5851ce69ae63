"""Backups: the databases and the buckets of an installation, in a store of their own.

Content lies under its SHA-256, once, whatever refers to it; a backup is a manifest, which is put last. What was killed
half way left content that nothing refers to, and no manifest: it is no backup, and nobody can take it for one.

Order. Who refers is read before what it refers to: the API's database, Dagster's, MLflow's, then the pointers
(`current.json`), then all other objects. Everywhere in GeoCrop a thing is written before what refers to it, and deleted
after it, so that whatever a dump or a pointer names is still there when its turn comes. In the other order a row that
came between would name an object that the backup lacks. Restoring goes the other way round.
"""
