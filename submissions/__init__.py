"""What people ask for: submissions, their states, and what may happen next."""
