"""What several tests share: rendered worlds, a mirror of Microsoft, dumps, fleets, mutations."""
