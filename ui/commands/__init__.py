"""One verb of the command line a file; heavy libraries load inside the verbs that need them."""
