"""Codings to agreement: pure statistics over numpy, polars and the krippendorff package, usable from a notebook.

The whole agreement of one variable, from a long table (one row a coding)::

    import polars as pl
    from service.agreement.long import Columns, variables
    from service.agreement.metric import Metric
    from service.agreement.summary import Scheme, Variable, summarise

    columns = Columns(unit="unit", coder="coder", code="code", variable="variable")     # variable=None for a single one
    variables(table, columns=columns)                                                    # ("tone", "topics")
    tone = Variable(name="tone", scheme=Scheme.ONE_CODE, metric=Metric.NOMINAL, codes=("good", "bad"))   # None: those used
    result = summarise(table, tone, columns=columns, sample=None, list_at_most=200)

    result.alpha.value                  # a float, or None with result.alpha.reason and result.alpha.sentence
    result.percent, result.all_agree, result.pairs[0].coders, result.pairs[0].kappa
    result.units, result.units_used, result.dropped, result.disagreeing, result.disagreements[0].codings[0].codes

The dashboard of a variable (every coefficient, alpha with its interval, table of codes with verdicts, influence of each coder, kinds of
disagreement) by a methods profile, and one coefficient by request (what the API and ``intercoder agree`` take)::

    from service.agreement.dashboard import Asked, dashboard
    from service.agreement.profile import profile_named
    asked = Asked(name="tone", scheme=Scheme.ONE_CODE, codes=None, profile=profile_named("standard-1"), documents=None, parents={})
    dashboard(table, asked, columns=columns).codes.rows[0].verdict

    from service.agreement.compute import Request, compute, rows_of          # Request(profile=...) or every choice by name
    from service.agreement.layouts import Empty, Layout, read_layout         # bytes of long, wide, ReCal, K-Alpha files to a table

Sample sizes are in ``planning`` and ``power``, Shaffer's rho in ``rho``, spans in ``unitizing``, ``gamma`` and ``segmentation``, models of
annotators in ``annotators`` and ``alttest``.

A figure is ``Estimate | Undefined`` (``service.agreement.estimate``); both have ``value``, ``basis`` (units, pairable_units,
coders, values, missing_share). All results are frozen dataclasses that msgspec turns into JSON: undefined is null plus reason.

An empty code is *none applies*, which is a coding; a null code, or no row, is missing. Read a CSV as text with its
empty cells kept: ``pl.read_csv(path, infer_schema=False).fill_null("")``. Rows that cannot be read raise
``service.errors.BadInput`` naming the row; the first row of data is row 1.
"""
