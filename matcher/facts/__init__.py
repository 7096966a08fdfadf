"""What is known of participants: of one person on one day, and of many in columns."""
