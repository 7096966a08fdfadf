"""What codes say, in every language that has a folder under locale/."""
