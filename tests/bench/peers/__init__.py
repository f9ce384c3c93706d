"""Other engines at the same job, each in an environment of its own that is made on demand; none is the product's."""
