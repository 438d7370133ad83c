"""Who asks: from a person's NIfTI files, through a prediction server, to a CBV map."""
