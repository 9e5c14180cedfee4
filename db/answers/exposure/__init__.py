"""What stays open on a machine, and what a KB fixes: known issues and CVEs."""
