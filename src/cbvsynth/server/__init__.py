"""The embedded model server: TensorFlow Serving's protocol, flags and files, for laptops and tests.

The program calls the faces, the faces call the methods, the methods ask the store for a loaded version.
"""
