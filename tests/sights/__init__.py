"""Every page of the site in every state worth seeing: the scenes, the stage they are played on, and an eye for them.

`scenes` is the registry; a page that is in no scene fails a test. `house` builds the stage once: a site of its own with
a cast and rows made through the product's own functions, at a clock that stands still, so that the same code gives the
same pages. The accessibility test (tests/sights/test_axe.py) and the screenshots (`python -m tests.screenshots`)
both go through them.
"""
