"""Reports said aloud: as text for people; as JSON, SARIF, JUnit XML and workflow commands for programs."""
