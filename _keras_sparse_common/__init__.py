"""What several of the packages need and none of them owns; not public.

It imports none of them, and they import each other no more than before.
"""
