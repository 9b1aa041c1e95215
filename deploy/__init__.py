"""From nothing to a leaderboard that answers: `python -m deploy ORG`. Makes what is missing, updates what is there."""
