"""How the features of a sample reach the receptive fields of a map."""

from typing import NamedTuple, Self

from tectum.core.ranges import Count, Share

DENSE = 1024  # features up to which a mixture is made of all of them
SYNAPSES = 16  # of a mixture of more features
FEWEST, MOST = 128, 512  # mixtures: four per feature up to FEWEST, then one per feature up to MOST


class DirectWiring(NamedTuple):
    """Each feature has a ring of receptive fields of its own, as published.

    Examples
    --------
    >>> DirectWiring()
    DirectWiring()
    """


class RandomMixtures(NamedTuple):
    """Each ring receives a fixed random mixture of the features, centred and scaled by its own spread.

    Neurons that answer to mixtures are found throughout the cortex ("mixed selectivity", Rigotti et al. 2013). Every
    mixture varies from sample to sample, even where most features hardly do, so that no part of the code fires the same
    volley for all samples; and distances survive a random projection (Johnson & Lindenstrauss 1984). Where most of the
    variance of more than 128 features is noise, its directions are left out (see the user guide).

    Examples
    --------
    >>> RandomMixtures()
    RandomMixtures(n_mixtures=None, n_synapses=None, share=0.996, pace=0.002)
    """

    n_mixtures: Count | None = None  # rings; None: by the number of features
    n_synapses: Count | None = None  # random features, weighted +1 or -1, in a mixture; None: all, by a random rotation
    share: Share = 0.996  # of the samples that a ring holds; half of the others lie beyond either end
    pace: Share = 0.002  # of the ring by which an end moves with a sample of a stream beyond it; 0: they never move

    def sized_for(self, n_features: int) -> Self:
        """This wiring with numbers in place of None.

        There are four mixtures per feature up to 128, then as many as features up to 512. They are rotations of all
        features up to 1,024 of them, and sums of 16 random ones beyond.
        """
        n_mixtures = self.n_mixtures or max(min(4 * n_features, FEWEST), min(n_features, MOST))
        n_synapses = self.n_synapses or (n_features if n_features <= DENSE else SYNAPSES)
        return self._replace(n_mixtures=n_mixtures, n_synapses=min(n_synapses, n_features))
