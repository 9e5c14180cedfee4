"""What does it cost? A total by price interval, each line with its sources.

``question`` reads what is asked, ``prices`` what sources state, ``lines`` cuts the days by price interval, ``answer`` puts them together and
``notes`` says what the answer takes for granted. Disputed prices give a range; a missing price is unknown, not 0.

Money is counted in exact fractions and rounded to cents once, when the answer is made. Days are cut as in the view ``price_intervals``: a
``to`` is the first day that is not included, like ``valid_to``. Standard library alone.
"""
