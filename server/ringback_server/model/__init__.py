"""The records that the layers above hand to one another: names, resources, principals."""
