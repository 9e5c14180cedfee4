"""Words of the domain: claims, products, notation."""
