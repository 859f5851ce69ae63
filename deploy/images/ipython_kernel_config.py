"""How kernels of notebooks begin: with the store's client as `storage`; where its keys are missing, IPython says so."""

c = get_config()  # noqa: F821  # Jupyter's own
c.IPKernelApp.exec_lines = [
    "from training.storage_client import MinIOStorageClient",
    "storage = MinIOStorageClient()",
]
