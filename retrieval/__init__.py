"""What the records and articles say: passages, vectors, keywords, search."""
