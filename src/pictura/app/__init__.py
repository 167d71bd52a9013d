"""The studio: a page on the user's own machine where what this package can do is a picture to choose and a button.

Reading order: orders (what a person asks for), commands (the same as a command line), making (how it is made, by
`tasks`), worker and process (a program of its own that makes, which can be killed), store (pictures and jobs), queue
(one job after another), folder (where files lie), server (the page and what it asks). FastAPI, uvicorn and SQLAlchemy
are the extra `pictura[app]`.
"""
