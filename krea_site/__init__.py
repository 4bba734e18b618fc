import gc

# A start makes a few hundred thousand objects that all stay. At Python's own threshold of 700 the collector looks
# through them hundreds of times and finds nothing, for a fifth of the start. `KreaSiteConfig.ready` sets aside what was
# made, and the threshold back: what calls leave behind is to be found as soon as ever.
USUAL_THRESHOLD = gc.get_threshold()
gc.set_threshold(50_000, 10, 10)
