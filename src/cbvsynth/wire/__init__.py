"""TensorFlow Serving's protocol with gRPC and protobuf alone."""
