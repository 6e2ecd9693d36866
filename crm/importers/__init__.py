"""Bring a company's records in from files: CSV, JSON lines, folders of articles and the tau2 shop.

`run.import_file` is the only door. One file reads each format; `columns` names what the columns may be called,
`values` and `canonical` turn rows into records, `rejects` keeps the rows that could not become one.
"""
