"""The contract of samples: batches of CSV in, one clean table of samples out, and every dropped row accounted for."""

from training.samples.assembling import Samples, assemble_samples, thin_classes
from training.samples.batch import Batch, read_batch
from training.samples.columns import BatchHeader, check_header
from training.samples.errors import (
    BatchUnreadable,
    DuplicateBatchNames,
    DuplicateColumns,
    EmptyBatch,
    InvalidDefaultSeason,
    MixedRecipes,
    NoSamples,
    TooManyColumns,
    TooManyRejects,
    UnknownBatchKind,
)
from training.samples.reading import Beginning, read_beginning, read_header
from training.samples.region import EVERYWHERE, ZIMBABWE, Region
from training.samples.report import BatchReport, SamplesReport

__all__ = [
    "EVERYWHERE",
    "ZIMBABWE",
    "Batch",
    "BatchHeader",
    "BatchReport",
    "BatchUnreadable",
    "Beginning",
    "DuplicateBatchNames",
    "DuplicateColumns",
    "EmptyBatch",
    "InvalidDefaultSeason",
    "MixedRecipes",
    "NoSamples",
    "Region",
    "Samples",
    "SamplesReport",
    "TooManyColumns",
    "TooManyRejects",
    "UnknownBatchKind",
    "assemble_samples",
    "check_header",
    "read_batch",
    "read_beginning",
    "read_header",
    "thin_classes",
]
