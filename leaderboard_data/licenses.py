"""Which licences allow commercial use: one stated list, for the filter of the page, its links and their previews."""

COMMERCIAL = "commercial"
"""Stands for the whole list where licences are chosen: `?license=commercial`."""

COMMERCIAL_USE = frozenset(
    {
        # permissive
        *("apache-2.0", "mit", "mit-0", "bsd", "bsd-2-clause", "bsd-3-clause", "bsd-3-clause-clear", "isc", "zlib"),
        *("afl-3.0", "artistic-2.0", "bsl-1.0", "ecl-2.0", "ms-pl", "ncsa", "postgresql", "unlicense", "wtfpl", "0bsd"),
        *("cc0-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "odc-by", "pddl"),
        *("cdla-permissive-1.0", "cdla-permissive-2.0"),
        # under the same licence for what is passed on
        *("gpl", "gpl-2.0", "gpl-3.0", "agpl-3.0", "lgpl", "lgpl-2.1", "lgpl-3.0", "mpl-2.0", "epl-1.0", "epl-2.0"),
        *("eupl-1.1", "eupl-1.2", "osl-3.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cdla-sharing-1.0", "odbl"),
        # with conditions on what it is used for, or on who uses it
        *("openrail", "openrail++", "bigscience-openrail-m", "bigscience-bloom-rail-1.0", "creativeml-openrail-m"),
        *("gemma", "https://ai.google.dev/gemma/terms"),
        *("llama2", "llama3", "llama3.1", "llama3.2", "llama3.3", "llama4"),
    }
)
"""Ids, as model cards and MTEB's registry write them, of licences whose text allows commercial use. Some set conditions
(RAIL, Gemma, Llama), which whoever uses the model has to read. What is not here (`other`, an unknown address, none) is
not known to allow it and does not count."""


def allows_commercial_use(license_id: str | None) -> bool:
    """Whether the licence is on the list, however it is capitalised."""
    return license_id is not None and license_id.strip().lower() in COMMERCIAL_USE
