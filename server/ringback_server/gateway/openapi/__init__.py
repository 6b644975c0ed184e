"""The HTTP port described as an OpenAPI 3.1 document, from the descriptors that REST is made of."""
