"""Pictures of one recorded session: `read_story` tells it as facts, `transcript_page` makes a page of them."""

from openoutcry.lab.pictures.transcript.sections import transcript_figures, transcript_page
from openoutcry.lab.pictures.transcript.story import Story
from openoutcry.lab.pictures.transcript.telling import read_story

__all__ = ["Story", "read_story", "transcript_figures", "transcript_page"]
