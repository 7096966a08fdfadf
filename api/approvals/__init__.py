"""Approvals: acts that need two people, looked at and decided by the second one."""
