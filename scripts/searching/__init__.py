"""Methods of search, compared on surfaces whose lowest points are known, and on real tables."""
