"""FORMATS: bytes of files to data and back; no input or output of its own.

- documents: `read_documents(name, data, DocumentOptions(…))` for .txt, .md, .csv, .jsonl: `NewDocument`s, all or one BadInput
- codebooks: `read_codebook(name, data)` for .csv and .json, `write_codebook_csv`, `write_codebook_json`
- codings: `read_codings(name, data, CodingOptions(…))`: `CodingRow`s of a long table
- tables: `write_codings`, `write_excerpts`, `write_table`: CSV that is safe to open in a spreadsheet
- cells: `guarded`, `restored`: the apostrophe before what a spreadsheet would run
- names: `safe_file_name(name)`
"""
