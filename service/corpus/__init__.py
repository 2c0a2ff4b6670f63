"""WHAT IS CODED: documents, excerpts and how a text is cut into them.

- model: `StudyId`, `DocumentId`, `ExcerptId`, `Span`, `NewDocument` (name, text, spans, labels, content_hash)
- segmentation: `paragraphs(text)`, `whole(text)`, `trimmed(text, span)`
- characters: `name_fault`, `text_fault`, `storing_fault`, `is_blank`, `twin_key`: what may be stored, and what looks the same
"""
