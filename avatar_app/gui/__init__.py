"""The window: the only place that knows Qt. It shows what the pipeline tells, and asks it."""
