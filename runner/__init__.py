"""How the worker works: a claim, an evaluation in a child process, a published result, a finished submission.

`work` is the loop over one submission at a time, `lease` its hold on one, `child` the process that evaluates, `jail`
what starts it, `logs` what is written about it. What comes out of that process is a stranger's: `events` reads what it
says, `left` the files that it leaves, and `vouch` makes of them what the worker can stand for; `bounds` cleans.
"""
