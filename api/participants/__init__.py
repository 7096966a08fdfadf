"""Participants: the people a mentor accompanies, and the evidence about them. Every value is sealed with their own key."""
