"""What faces the world: the HTTP service, its pages and the command line."""

from typing import Final

__version__: Final = "0.1.0"
