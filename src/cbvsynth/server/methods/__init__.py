"""The protocol's methods, each as a function from request to reply, whichever face it is called through."""
