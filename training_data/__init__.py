"""What a training row is: column maps, the schema, the synthetic cohort."""
