"""What the head of a file holds, read without trust: bounded in memory and time, whatever the file says of itself."""
