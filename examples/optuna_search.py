"""Search of single constants of parts with Optuna, which is optional: pip install optuna.

python examples/optuna_search.py
python examples/optuna_search.py --trials 50
"""

import argparse
from typing import Any

from sklearn.model_selection import KFold, cross_val_score

import tectum


def search(n_trials: int = 20, n_presentations: int = 600) -> Any:
    """The study on Iris: which end of the radius and which window of the rule make the finest map."""
    import optuna

    X = tectum.datasets.load("iris").data
    som = tectum.SpikingSOM(shape=(6, 6), n_presentations=n_presentations, random_state=0)
    folds = KFold(3, shuffle=True, random_state=0)

    def fineness(trial: Any) -> float:
        constants = {
            "radius__end": trial.suggest_float("radius__end", 1.0, 4.0),
            "rule__tau_plus": trial.suggest_float("rule__tau_plus", 5.0, 30.0),
        }
        return float(cross_val_score(som.set_params(**constants), X, cv=folds).mean())

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(fineness, n_trials=n_trials)
    return study


def main() -> None:
    """Search, and print the best constants."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=20)
    options = parser.parse_args()
    try:
        study = search(options.trials)
    except ImportError:
        print("this example needs Optuna: pip install optuna")
        return
    print(f"best {study.best_value:.3f} with {study.best_params}")


if __name__ == "__main__":
    main()
