"""The roster: who works here, as a file or a catalogue says it, checked row by row.

`reading` finds out how a file is written, `checking` what its rows say; nothing is stored here.
"""

from survey.roster.checking import Checked, Rules, check_rows, parse_absence
from survey.roster.columns import Column, Meaning, Row, name_columns
from survey.roster.entry import Changes, Entry, Listed, Prune, Refused
from survey.roster.reading import Form, Table, read_table

__all__ = [
    "Changes",
    "Checked",
    "Column",
    "Entry",
    "Form",
    "Listed",
    "Meaning",
    "Prune",
    "Refused",
    "Row",
    "Rules",
    "Table",
    "check_rows",
    "name_columns",
    "parse_absence",
    "read_table",
]
