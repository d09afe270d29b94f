"""`python -m falsetrail` is the binary."""

import subprocess
import sys

from . import program

if __name__ == "__main__":
    sys.exit(subprocess.run([program(), *sys.argv[1:]], check=False).returncode)
