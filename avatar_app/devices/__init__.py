"""The outside world: cameras that drive an avatar, and virtual ones that show it."""
