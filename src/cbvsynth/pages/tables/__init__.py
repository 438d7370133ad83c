"""Tables of the pages, as cells for HTML, as Markdown, CSV and text."""
