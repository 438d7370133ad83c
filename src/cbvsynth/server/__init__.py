"""The embedded model server: TensorFlow Serving's protocol, flags and files, for laptops and tests."""
