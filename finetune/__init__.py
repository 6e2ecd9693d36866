"""Makes better models from tickets."""
