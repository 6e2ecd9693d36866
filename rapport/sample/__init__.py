"""The sample company: an invented outdoor and running shop, generated from a seed. See README.md beside this file."""

from rapport.sample.company import AS_OF, SampleCompany, build_sample
from rapport.sample.questions import Question
from rapport.sample.utterances import Example
from rapport.sample.write import write_sample

__all__ = ["AS_OF", "Example", "Question", "SampleCompany", "build_sample", "write_sample"]
