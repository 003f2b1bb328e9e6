"""`python -m remission` is the command line."""

from remission.cli import main

if __name__ == "__main__":
    main()
