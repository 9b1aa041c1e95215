"""What is as it should be before the first evaluation, and what is not: data, tokens, rights, and the machine.

Nothing here changes anything: it reads, compares, and says what to do. `python -m evaluator doctor` prints it all; a
worker looks at the part that costs seconds before its first claim (`evaluator.doctor.report.before_work`).
"""
