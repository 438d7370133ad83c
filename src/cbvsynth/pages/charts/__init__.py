"""Charts of the pages: each is drawn and captioned in one place, whichever page shows it."""
