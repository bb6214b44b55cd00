"""The comparison mechanisms on offer; each file says what its own asks, what it promises, and how it is configured."""

from __future__ import annotations

from openoutcry.mechanisms.comparison.cremer_mclean import CREMER_MCLEAN
from openoutcry.mechanisms.comparison.empirical_reserve import EMPIRICAL_RESERVE
from openoutcry.mechanisms.comparison.english import ENGLISH
from openoutcry.mechanisms.comparison.myerson import MYERSON
from openoutcry.mechanisms.comparison.posted_prices import POSTED_PRICES
from openoutcry.mechanisms.comparison.single_sample import SINGLE_SAMPLE
from openoutcry.mechanisms.comparison.vcg import VCG
from openoutcry.mechanisms.comparison.vickrey import VICKREY, VICKREY_RESERVE
from openoutcry.mechanisms.mechanism import Mechanism

COMPARISON_MECHANISMS: tuple[Mechanism, ...] = (
    VICKREY,
    VICKREY_RESERVE,
    MYERSON,
    ENGLISH,
    VCG,
    SINGLE_SAMPLE,
    EMPIRICAL_RESERVE,
    POSTED_PRICES,
    CREMER_MCLEAN,
)
