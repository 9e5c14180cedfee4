"""An Ansible lookup that says whether a build is patched. Put it into ``lookup_plugins/``; the control node needs ``pip install hotpatch-kb``."""

from __future__ import annotations

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

from hotpatch_kb.client import Export

DOCUMENTATION = """
name: hotpatch_kb
short_description: Whether a build of Windows is patched, from an export of hotpatch-kb
options:
  _terms: {description: OS builds such as 26100.32772, required: true}
  export: {description: address or folder of the export, required: true, type: string}
  product: {description: id of the product such as ws2025, type: string}
  line: {description: hotpatch or standard, type: string, choices: [hotpatch, standard]}
"""


class LookupModule(LookupBase):
    """Return a verdict with its reason and the next KB for each build."""

    def run(self, terms: list[str], variables: object = None, **kwargs: str) -> list[dict[str, object]]:  # noqa: ARG002 (Ansible gives it)
        """Return the verdicts of builds, in their order."""
        try:
            export = Export(kwargs["export"])
            return [export.verdict(build, product=kwargs.get("product"), line=kwargs.get("line")) for build in terms]
        except (KeyError, OSError, ValueError) as error:
            raise AnsibleError(f"hotpatch_kb: {error}") from error
