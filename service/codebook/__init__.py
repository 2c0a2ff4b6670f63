"""BY WHICH SCHEME: variables and their codes, and the numbered revisions of a codebook.

- model: `Code`, `Scheme`, `Variable` (`.code(name)`), `Codebook` (`.variable(name)`), `RevisionId`, `tree(variable)` (depth and
  code, parents first), `digest(codebook)`, `canonical_json(codebook)`,
  `validate(codebook)`: the codebook back, or one BadInput that names variable, code and field
- operations: `Edit` (minor or of meaning), `Rename`, `Merge`, `Split`, `Retire`, `applied(codebook, operation)`, `recorded` (what an edit
  makes, checked), `lines(steps)`: each code's name followed through revisions
- revision: `Revision`, `first_revision`, `next_revision` (Conflict when nothing changed), `unchanged`, `difference(old, new)`
"""
