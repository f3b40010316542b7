"""Training of First Order Motion Models on clips held in memory."""
