"""`python -m pictura` is `pictura`."""

from pictura.cli import main

main()
