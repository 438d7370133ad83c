"""What a user brings: folder layouts, the manifest, NIfTI images, all of one examination on one grid."""
