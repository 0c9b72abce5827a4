"""What MkDocs does beyond mkdocs.yml."""

import pathlib
import re

from mkdocs.structure.files import File

ROOT = pathlib.Path(__file__).parents[2]
_OUTSIDE = re.compile(r'(\]\(|src=")\.\./([^)"#\s]+)')


def on_files(files, config):
    """Brings in the pictures and programs that the pages show."""
    for page in list(files.documentation_pages()):
        for path in sorted(set(_outside(page))):
            if files.get_file_from_path(path) is None:
                files.append(_copied(path, config))
    return files


def on_page_markdown(markdown, page, config, files):
    """Links to what was brought in; `docs/` is the top of the site."""
    return _OUTSIDE.sub(_moved(page.file), markdown)


def _outside(page):
    if "/" in page.src_uri:
        return
    for _, path in _OUTSIDE.findall(page.content_string):
        if (ROOT / path).is_file() and path != "README.md":
            yield path


def _moved(file):
    def replace(match):
        if "/" in file.src_uri or not (ROOT / match[2]).is_file():
            return match[0]
        target = "index.md" if match[2] == "README.md" else match[2]
        return match[1] + target

    return replace


def _copied(path, config):
    return File(path, str(ROOT), config.site_dir, config.use_directory_urls)
