"""What is mine today, and what waits for my decision. Reads the other rooms, owns no table."""
