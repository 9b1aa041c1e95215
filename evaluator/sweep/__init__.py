"""All texts of all tasks once: unique texts, batches by length, several devices, and a folder that survives a kill."""
