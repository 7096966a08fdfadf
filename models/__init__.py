"""What learns: from training rows to a points table, offline. Only `models.registry` serves; it imports no scikit-learn."""
