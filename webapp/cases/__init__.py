"""诉求: the closed loop and its escalations."""
