"""One module a task; each holds only `TASK = Task(...)`. See docs/adding-a-task.md."""
