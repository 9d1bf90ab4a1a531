"""Bad input by thousands: each is read rightly, or refused in our own words.

`python -m fuzz` makes the cases of each kind from a seed and tries them in
processes of their own (`worker`), which `pool` watches: none may crash, hang,
fill the memory, leave something half-written or run what a file tells. What
was tried stands in a journal, so a run that was killed goes on.

A kind is a module with `start(folder)`, which gives what all its cases are made
of, and `make(base, rng, folder)`, which writes one case's files and gives a
`trying.Case`.
"""
