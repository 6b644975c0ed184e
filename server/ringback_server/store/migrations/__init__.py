"""The schema's history: one SQL file per version, applied in order and never edited."""
