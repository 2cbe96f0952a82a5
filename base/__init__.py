"""Floor 0: errors, atomic files and manifests, configuration, progress. Knows nothing above it."""
