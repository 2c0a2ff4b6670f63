"""WHAT THE LEAD READS: a closed round's agreement and its tables, made from codings and names handed in as data.

``agreement``  a round's figures per variable, from the blind codings
``tables``     the files of an export
"""
