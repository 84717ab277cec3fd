"""Reports: what the database holds as one long table, CSV or NDJSON, written as it is read.

views       a request, checked (``asked``), becomes a ``Wanted``
page        the form that asks for one
kinds       what there is a report of; each opens a ``Source``
body        header, the source's pages, footer: read ahead, compressed on request
formats     the bytes of a row, whether this process writes it or the database does
"""
