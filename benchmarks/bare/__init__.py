"""A bare program with none of our code: streams, signatures, hashes and one durable batch a cycle.

It shows what the same work costs when nothing but the work is done, and is what our service is compared with.
"""
