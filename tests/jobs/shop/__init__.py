"""An app of another project, which has jobs of its own."""
