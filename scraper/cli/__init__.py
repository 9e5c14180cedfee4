"""The command hotpatch-kb."""
