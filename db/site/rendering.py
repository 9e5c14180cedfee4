"""Fill the templates of our pages: what a template asks a hundred times a page is answered without the detours that other templates need.

Datasette's own function waits at each call of a macro, and copies the descriptions of all tables twice a page: with it a page of a build took twice
as long.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import CodeType, MethodType
from typing import Any, Final

from datasette.plugins import pm
from datasette.utils import await_me_maybe
from jinja2 import Environment, Template, nodes
from jinja2.runtime import Context, Macro
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape

from hotpatch_kb.db.site.addresses import Urls
from hotpatch_kb.db.site.i18n import SCOPE, Words, language_of, words

_METHODS: Final = frozenset(dir(dict))
_OURS: Final = (Words, Urls)  # whose methods want nothing of a template
_NAMES: Final = frozenset({"kb", "build", "cve", "product", "kind", "mark"})  # macros that show a name: of 210,000 texts 17,000 differ
_OF_ALL: Final = frozenset({"bar", "menu"})  # macros whose text many pages have, of texts alone
# Macros whose text the next pages have, where all pages are made one after the other.
_OF_NEXT: Final = frozenset({"release", "facts", "strip"})
_MOST: Final = 100  # of the texts of these two
_MOST_NAMES: Final = 20_000  # texts of names, and addresses, that are kept: a visitor may ask for any number of CVEs


class QuickContext(Context):
    """A context that calls macros, words and addresses at once. Jinja looks four times at each callable for what it wants to be given."""

    def call(self, called: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Return what a callable of a template returns."""
        kind = type(called)
        if kind is not Macro and kind is not Words and not (kind is MethodType and isinstance(called.__self__, _OURS)):
            return super().call(called, *args, **kwargs)
        kwargs.pop("_loop_vars", None)
        kwargs.pop("_block_vars", None)
        if kind is Macro:
            if not kwargs:
                if called.name in _NAMES:
                    return self._named(called, args)
                if called.name in self.environment.kept_macros:  # type: ignore[attr-defined]
                    return self._shared(called, args)
            args = (self.eval_ctx, *args)
        return called(*args, **kwargs)

    def _named(self, macro: Macro, args: tuple[Any, ...]) -> Any:
        """Return the text of a macro, made once for arguments that are equal."""
        made: dict[Any, Any] = self.environment.texts_of_names  # type: ignore[attr-defined]
        key = (macro.name, args)
        if key not in made:
            if len(made) >= _MOST_NAMES:
                made.clear()
            made[key] = macro(self.eval_ctx, *args)
        return made[key]

    def _shared(self, macro: Macro, args: tuple[Any, ...]) -> Any:
        """Return the text of a macro, made once for the same arguments: objects that are not changed, which are held so that no other one has their id."""
        made: dict[Any, tuple[Any, Any]] = self.environment.texts_of_macros  # type: ignore[attr-defined]
        key = (macro.name, *(arg if isinstance(arg, str) else id(arg) for arg in args))
        if key not in made:
            if len(made) >= _MOST:
                made.clear()
            made[key] = args, macro(self.eval_ctx, *args)
        return made[key][1]


_escaped_once = functools.lru_cache(maxsize=20_000)(escape)


def _escaped(value: Any) -> Any:
    """Return a value as ``escape`` does. Most of what pages show is a text that was shown before."""
    kind = type(value)
    return value if kind is Markup else _escaped_once(value) if kind is str else escape(value)


class _Template(Template):
    @classmethod
    def from_code(cls, environment: Environment, code: CodeType, globals: Any, uptodate: Any = None) -> Template:  # noqa: A002 (Jinja's name)
        template = super().from_code(environment, code, globals, uptodate)
        template.root_render_func.__globals__["escape"] = _escaped
        return template


class _InWords(NodeTransformer):
    """Puts the words and addresses of a language in the place of what gives them, so that they are text of the template; macros are imported once."""

    def __init__(self, t: Words, urls: Urls, *, with_context: bool) -> None:
        self._t, self._urls, self._with_context = t, urls, with_context

    def visit_Name(self, node: nodes.Name) -> nodes.Expr:  # noqa: N802 (the name of a node)
        return self._text(node, self._t.language) if node.name == "lang" and node.ctx == "load" else node

    def visit_Import(self, node: nodes.Import) -> nodes.Import:  # noqa: N802 (the name of a node)
        # Our macros use nothing of a page but its words and addresses, which are global here, and its day where it is not today.
        node.with_context = self._with_context
        return node

    def visit_Call(self, node: nodes.Call) -> nodes.Expr:  # noqa: N802 (the name of a node)
        self.generic_visit(node)
        match node:
            case nodes.Call(node=nodes.Name(name="t"), args=[nodes.Const(value=text)], kwargs=[]):
                return self._text(node, self._t(text))
            case nodes.Call(node=nodes.Getattr(node=nodes.Name(name="urls"), attr="path"), args=[nodes.Const(value=path)], kwargs=[]):
                return self._text(node, str(self._urls.path(path)))
        return node

    def _text(self, node: nodes.Expr, text: str) -> nodes.Expr:
        return nodes.Const(text, lineno=node.lineno, environment=node.environment)


def _quick(site: Environment, language: str, urls: Urls, shared: frozenset[str], are_all_made: bool) -> Environment:
    """Return the environment of the site's templates for one language and one thread that waits for nothing: it gives the same pages in less time."""
    found = site.overlay(enable_async=False, auto_reload=False)
    found.context_class = QuickContext
    found.template_class = _Template
    found.globals = site.globals | {"t": words(language), "lang": language, "urls": urls}
    found.kept_macros = shared  # type: ignore[attr-defined]
    found.texts_of_macros = {}  # type: ignore[attr-defined]
    found.texts_of_names = {}  # type: ignore[attr-defined]
    usual, parsed, in_words = found.getattr, found._parse, _InWords(words(language), urls, with_context=not are_all_made)  # noqa: SLF001

    def value(obj: Any, attribute: str) -> Any:
        """Return ``obj.attribute``. Most is a row: its columns are looked at first where no method has their name."""
        return obj[attribute] if type(obj) is dict and attribute in obj and attribute not in _METHODS else usual(obj, attribute)

    found.get_template = functools.cache(found.get_template)  # type: ignore[method-assign]
    found.getattr = value  # type: ignore[method-assign]
    found._parse = lambda *source: in_words.visit(parsed(*source))  # type: ignore[method-assign]  # noqa: SLF001
    return found


class _QuickUrls(Urls):
    """Addresses of one language, each made once."""

    def __init__(self, urls: Any, language: str | None) -> None:
        super().__init__(urls, language)
        self._made = functools.lru_cache(maxsize=_MOST_NAMES)(super().path)

    def path(self, path: str, format: str | None = None) -> str:  # noqa: A002 (Datasette's name)
        """Return the address of a path of the site."""
        return str(self._made(path, format))


class Renderer:
    """Fills the templates of the pages of one site."""

    def __init__(self, datasette: Any, *, are_all_made: bool = False) -> None:
        """Take the site, and whether all its pages are made, one after the other."""
        self.datasette = datasette
        self._are_all_made = are_all_made
        self._shared = _OF_ALL | _OF_NEXT if are_all_made else _OF_ALL
        self._environments: dict[tuple[str, str | None], tuple[Environment, Urls]] = {}
        adds_files = [getattr(pm.hook, name).get_hookimpls() for name in ("extra_css_urls", "extra_js_urls", "extra_body_script")]
        # Then Datasette puts the files of its plugins and of its metadata into the pages.
        self._is_with_files = any([*adds_files, datasette.metadata("extra_css_urls"), datasette.metadata("extra_js_urls")])

    async def page(self, name: str, context: Mapping[str, Any], request: Any) -> str:
        """Return the text of a page.

        Args:
            name: of its template.
            context: what the template shows.
            request: the page depends on its path, its query and its language.
        """
        if self._is_with_files:
            text: str = await self.datasette.render_template(name, context, request=request)
            return text
        return await self.filled(self.environment(request).get_template(name), context, request)

    def environment(self, request: Any) -> Environment:
        """Return the templates in the language of a request."""
        return self._of(request)[0]

    async def filled(self, template: Template, context: Mapping[str, Any], request: Any) -> str:
        """Return the text of a template with what Datasette's own function gives to it, of which ours use little."""
        given: dict[str, Any] = {"request": request, "show_messages": list, "extra_css_urls": (), "extra_js_urls": (), "body_scripts": ()}
        for found in pm.hook.extra_template_vars(
            template=template.name, database=None, table=None, columns=None, view_name=None, request=request, datasette=self.datasette
        ):
            given |= await await_me_maybe(found)
        text: str = template.render({**context, **given, "urls": self._of(request)[1], **self.known_as(request)})
        return text

    def known_as(self, request: Any) -> Mapping[str, Any]:
        """Return what replaces the absolute addresses of a page."""
        del request
        return {}

    def _of(self, request: Any) -> tuple[Environment, Urls]:
        key = (language_of(request), request.scope.get(SCOPE))
        if key not in self._environments:
            urls = _QuickUrls(self.datasette.urls, key[1])
            self._environments[key] = (_quick(self.datasette.jinja_env, key[0], urls, self._shared, self._are_all_made), urls)
        return self._environments[key]


def renderer(datasette: Any) -> Renderer:
    """Return what fills the templates of a site."""
    found: Renderer | None = datasette.__dict__.get("_hotpatch_kb_renderer")
    if found is None:
        found = datasette._hotpatch_kb_renderer = Renderer(datasette)  # noqa: SLF001
    return found
