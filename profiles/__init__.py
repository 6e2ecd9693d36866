"""What we know of the customer. Predictors come with a later version."""
