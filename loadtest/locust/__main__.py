"""`python -m loadtest.locust` prints where the locustfile is: `locust -f "$(…)"`."""

from pathlib import Path

if __name__ == "__main__":
    print(Path(__file__).with_name("locustfile.py"))
