"""How Sphinx makes the book; tools/build_site.py calls it."""

import pathlib
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "site"), str(ROOT / "tools")]
import site_api  # noqa: E402

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

project = "AlexNet in Keras"
author = PROJECT["authors"][0]["name"]
copyright = f"{author}, Apache-2.0"
version = release = PROJECT["version"]
language = "en"

extensions = [
    "myst_nb",
    "sphinx_design",
    "sphinx_copybutton",
    "live",
    "strict",
    *site_api.EXTENSIONS,
]
highlight_language = "none"  # code says its own; what does not is commands

nb_execution_mode = "off"
nb_merge_streams = True
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]  # formulas are words and code here
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

site_address = PROJECT["urls"]["Documentation"]
html_theme = "sphinx_book_theme"
html_title = project
html_baseurl = site_address
html_static_path = ["static"]
html_css_files = ["book.css"]
html_js_files = ["book.js"]
html_show_sphinx = False
html_show_search_summary = False  # from a folder, no page may read another
html_theme_options = {
    "repository_url": PROJECT["urls"]["Repository"],
    "repository_branch": "main",
    "use_repository_button": True,
    "use_issues_button": True,
    "launch_buttons": {"colab_url": "https://colab.research.google.com"},
    "show_toc_level": 1,
    "home_page_in_toc": True,
}
html_context = {"default_mode": "auto"}

epub_show_urls = "no"
epub_title = project
epub_basename = "alexnet-keras"
epub_exclude_files = ["search.html"]
epub_tocscope = "includehidden"  # the front page hides its own
epub_tocdepth = 2
epub_use_index = False

linkcheck_anchors = False
linkcheck_timeout = 20
linkcheck_retries = 2

globals().update(site_api.SETTINGS)
