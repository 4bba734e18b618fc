"""fal's dialect: what `fal-client` and `@fal-ai/client` speak."""
