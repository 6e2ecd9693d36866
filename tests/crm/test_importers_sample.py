"""The sample company, written to files and imported, is the sample company."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass

import pytest

from crm.importers.formats import known_format
from crm.importers.rows import ImportOptions
from crm.importers.run import import_file
from rapport.records import RecordKind


@pytest.mark.slow
def test_what_the_sample_company_writes_is_imported_as_it_was(store, home, sample, tmp_path):
    from rapport.sample import write_sample

    paths = write_sample(sample, tmp_path)
    for kind in RecordKind:
        expected = {record.key: plain(record) for record in getattr(sample, kind.value)}
        path = paths[kind.value]
        options = ImportOptions(format=known_format(path, None), source="sample", rejects_folder=home.rejects)
        report = import_file(store, kind, path, options)
        assert (report.added, report.rejected) == (len(expected), 0), report.first_reason
        found = {record.key: plain(record) for record in store.iterate(kind)}
        assert found == expected


def plain(value):
    """A record as nested values, without attributes that are None, without spaces at the ends of texts."""
    if is_dataclass(value):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {name: plain(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, tuple | list):
        return [plain(inner) for inner in value]
    return value.strip() if isinstance(value, str) else value
