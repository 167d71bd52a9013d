"""The loop that trains any method; it sequences, logs, saves, guards and shows, and knows no paper."""
