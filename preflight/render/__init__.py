"""Reports said aloud: as text for people, as JSON for programs."""
