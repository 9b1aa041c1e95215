"""How the worker works: a claim, an evaluation in a child process, a published result, a finished submission.

`work` is the loop over one submission at a time, `child` the process that evaluates, `jail` what starts it,
`logs` what is written about it.
"""
