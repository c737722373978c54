"""Vector stores behind one contract: `base` holds it, the others one engine each, imported when first opened."""
