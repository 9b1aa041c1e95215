"""The page with a second suite: `python -m tests.browser.two_suites` is `python app.py` that knows it."""

from app import main
from evaluator.suite import SUITES
from tests.leaderboard_data.examples import MINI

if __name__ == "__main__":
    SUITES[MINI.id] = MINI
    main()
