"""Pictures of examinations: slices, montages, and the stored maps that they are made from."""
