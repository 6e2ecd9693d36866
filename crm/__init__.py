"""The company's records and conversations, and the only door to the database."""
