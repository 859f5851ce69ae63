"""Settings, object store, I/O managers, model registry: everything outside that an asset talks to."""
