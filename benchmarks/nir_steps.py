"""How many substeps does the race of a dictionary's NIR graph need, for the model's winners?

    python benchmarks/nir_steps.py                    # MNIST 10 x 10, 64 components: some five CPU minutes

In the model the neuron furthest above its threshold fires, and explains part of the input away before the next one. In
the graph thresholds fall in each step of the model, and who meets its own first fires. Needs the extra ``nir``.
"""

import argparse
import sys
import time

from tectum import SpikingDictionary, datasets, image

FLOOR = 0.99  # of the winners, with the default


def main() -> int:
    """Print the shares of equal winners and of equal spikes; 1 if the default has too few."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patches", type=int, default=1000, help="not learned from")
    parser.add_argument("--active", type=float, nargs="+", default=[2.0, 4.0])
    parser.add_argument("--substeps", type=int, nargs="+", default=[16, 64, 256])
    parser.add_argument("--seeds", type=int, nargs="+", default=[21, 22])
    given = parser.parse_args()
    images = datasets.load("mnist", subset="train").data[:600].reshape(-1, 28, 28) / 255.0
    patches = image.extract_patches(images, 10, max_patches=20_000, random_state=5)
    patches = patches.reshape(len(patches), -1)
    patches = patches[patches.any(axis=1)]
    X, unseen = patches[: -given.patches], patches[-given.patches :]
    missed = False
    for active in given.active:
        for seed in given.seeds:
            model = SpikingDictionary(64, n_active=active, n_presentations=15_000, random_state=seed).fit(X[:15_000])
            for substeps in given.substeps:
                started = time.process_time()
                found = model.to_nir(unseen, substeps=substeps)
                seconds = time.process_time() - started
                print(
                    f"{active:g} active, seed {seed}, {substeps:4d} substeps: {found.equal_winners:.2%} equal winners, "
                    f"{found.equal_spikes:.2%} equal spikes, {seconds:.0f} CPU s",
                    flush=True,
                )
                missed |= substeps == 256 and found.equal_winners < FLOOR
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
