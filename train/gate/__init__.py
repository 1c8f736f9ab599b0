"""How the quality gate was made: `python -m train.gate --negatives FOLDER`."""
