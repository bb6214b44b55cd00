"""Pictures: charts with one look, files of them, and pages that open offline."""
