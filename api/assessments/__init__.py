"""Assessments: recommendations that are kept, can be made again, compared, overridden and objected to."""
