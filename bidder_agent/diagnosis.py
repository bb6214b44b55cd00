"""What a failed connection says about the way in which it was set up, in words that lead to the remedy.

gRPC reports every failed handshake as UNAVAILABLE, like an auctioneer that is not there yet; only its text tells them
apart. What no waiting can heal is known here by that text. Unknown text is no harm: then it is waited out.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What is probably wrong.

    Attributes:
        advice: What is wrong and what to do, in one clause.
        is_certain: Whether nothing else can be meant, so that waiting heals nothing.
    """

    advice: str
    is_certain: bool


_CERTAIN = (
    (
        "CERTIFICATE_VERIFY_FAILED",
        "its certificate is not one to believe ({reason}): name the authority that issued it with --tls-ca",
    ),
    (
        "Hostname Verification Check failed",
        "its certificate is made out to another name: use the host name that stands in the certificate",
    ),
    (
        "WRONG_VERSION_NUMBER",
        "it does not speak TLS there: leave out the --tls options, or have it set up with a certificate",
    ),
)

_CLOSED = ("Socket closed", "Connection reset")
_IN_CLEAR = (
    "it closes the connection at once: if it speaks TLS, say --tls or name its authority with --tls-ca"
)
_IN_TLS = (
    "it closes the connection at once: if it asks for certificates, name yours with --tls-certificate "
    "and --tls-key"
)


def diagnose(details: str, *, has_tls: bool) -> Diagnosis | None:
    """Return what is probably wrong with a connection that failed, or None where nothing is known.

    Args:
        details: Text of the status.
        has_tls: Whether the connection was to be private.
    """
    for sign, advice in _CERTAIN:
        if sign in details:
            reason = details.partition(f"{sign}: ")[2].partition(":")[0].strip() or "it does not verify"
            return Diagnosis(advice=advice.format(reason=reason), is_certain=True)
    if any(sign in details for sign in _CLOSED):
        return Diagnosis(advice=_IN_TLS if has_tls else _IN_CLEAR, is_certain=False)
    return None
