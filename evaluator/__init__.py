"""What is measured and how: one model, one suite, one result file. Knows neither queue nor store.

Importing this package, or its `suite`, `task`, `tasks`, `spec`, `records` and `errors`, loads no machine
learning library; those load when an evaluation runs.
"""
