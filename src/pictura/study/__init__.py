"""Studies with people: a folder of checked pictures, a small web page, answers in a database, and a report.

Reading order: plan (the study file), trials (what a rater is shown), making (the folder), store (the answers), server
(the page), statistics, report. FastAPI, uvicorn and SQLAlchemy are the extra `pictura[study]`; plan, trials, making
and statistics do without.
"""
