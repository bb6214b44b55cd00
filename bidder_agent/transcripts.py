"""Where an agent gets the transcript of an ended session: fetched and verified once for all bidders of a process."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bidder_agent.backoff import Backoff, BackoffSettings
from bidder_agent.connection import AuctioneerClient, Lost
from openoutcry.protocol.codec import Codec

if TYPE_CHECKING:
    from bidder_agent.audit import CheckedTranscript


class TranscriptSource:
    """Fetches one session's transcript.

    Args:
        client: Of the auctioneer.
        session_id: 32 bytes.
        codec: Reads records.
        auctioneer_key: Expected message key, if known.
        settings: How patient to be.

    Attributes:
        data: The file, byte for byte, once it was checked.
    """

    def __init__(
        self,
        client: AuctioneerClient,
        session_id: bytes,
        *,
        codec: Codec,
        auctioneer_key: bytes | None,
        settings: BackoffSettings,
    ) -> None:
        self.data = b""
        self._client = client
        self._session_id = session_id
        self._codec = codec
        self._auctioneer_key = auctioneer_key
        self._settings = settings
        self._turn = asyncio.Lock()
        self._checked: CheckedTranscript | None = None

    async def checked(self) -> CheckedTranscript:
        """Return the transcript with what its verification found.

        Raises:
            ServiceError: The auctioneer does not give it.
            TranscriptError: What it gives cannot be read as a transcript.
        """
        # Imported here for the same reason as in the agent: nothing of it is needed before the end.
        from bidder_agent.audit import check_transcript
        from openoutcry.protocol.transcript import decode_transcript

        async with self._turn:
            if self._checked is None:
                self.data = await self._fetch()
                # Many signatures: meanwhile the loop serves the other bidders of this process.
                self._checked = await asyncio.to_thread(
                    lambda: check_transcript(
                        decode_transcript(self.data),
                        codec=self._codec,
                        session_id=self._session_id,
                        auctioneer_key=self._auctioneer_key,
                    )
                )
            return self._checked

    async def _fetch(self) -> bytes:
        backoff = Backoff(self._settings, time_source=asyncio.get_running_loop().time)
        while True:
            try:
                return await self._client.fetch_transcript(self._session_id)
            except Lost:
                delay = backoff.fail()
                if delay is None:
                    raise
            await asyncio.sleep(delay)
