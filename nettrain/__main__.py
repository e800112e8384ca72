"""`python -m nettrain`."""

from nettrain.cli.app import main

if __name__ == "__main__":
    main()
