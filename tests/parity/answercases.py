"""One comparison for each line of standard input, so that the libraries are loaded once.

A line holds the arguments of the comparison with tabs between them; the answer is one line that begins with "ok" or "differs".
"""
import sys
import traceback


def answer_cases(compare):
    """compare(*arguments) gives whether both agree, and what was measured."""
    for line in sys.stdin:
        try:
            agrees, measured = compare(*line.rstrip("\n").split("\t"))
        except Exception as error:
            traceback.print_exc()
            agrees, measured = False, f"{type(error).__name__}: {error}".replace("\n", " ")
        print("ok" if agrees else "differs", measured, flush=True)
