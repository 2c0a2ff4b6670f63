"""The place that speaks HTTP: ``api/`` (JSON), ``pages/`` (HTML), identity, problems.

``identity``   who is asking: a browser session or a token
``access``     what they may do and see, read off the tables of the coding room
``problems``   every refusal as one problem+json
``surface``    what holds for every request: HEAD, body checks, headers, one log line
``openapi``    the description of the API
"""
