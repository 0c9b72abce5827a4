"""What Python files import, by their syntax alone."""

import ast
import functools

HOSTS = ("keras", "tensorflow", "jax", "torch", "numpy", "sklearn")
_PRIVATE = {"src", "python", "__internal__"}


@functools.cache
def _nodes(path):
    kinds = (ast.Import, ast.ImportFrom, ast.Attribute)
    tree = ast.walk(ast.parse(path.read_text()))
    return [node for node in tree if isinstance(node, kinds)]


def modules_of(folder):
    """Dict from module name to path of the Python files in a folder."""
    return {path.stem: path for path in sorted(folder.glob("*.py"))}


def internal_imports(path, package):
    """Set of names of the package's modules that a file imports anywhere.

    A name taken from the package itself counts as "__init__", or as the
    module of that name.
    """
    found = set()
    for node in _nodes(path):
        if isinstance(node, ast.ImportFrom) and not node.level:
            if node.module == package:
                found |= {alias.name for alias in node.names}
            elif node.module.startswith(f"{package}."):
                found.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == package:
                    found.add("__init__")
                elif alias.name.startswith(f"{package}."):
                    found.add(alias.name.split(".")[1])
    return found


def circles(graph):
    """Sorted lists of the nodes of a dict node -> set that reach themselves."""

    def reached(node):
        seen, todo = set(), [node]
        while todo:
            new = graph.get(todo.pop(), set()) - seen
            seen |= new
            todo += new
        return seen

    reach = {node: reached(node) for node in graph}
    groups = {
        frozenset(n for n in reach[node] if node in reach.get(n, ()))
        for node in graph
        if node in reach[node]
    }
    return sorted(sorted(group) for group in groups)


def private_imports(path):
    """Set of private names of Keras, TensorFlow and others in a file."""
    hosts, found = {}, set()
    for node in _nodes(path):
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.name
                if name.split(".")[0] in HOSTS:
                    hosts[alias.asname or name.split(".")[0]] = name
                    found |= {name} if _is_private(name) else set()
        elif isinstance(node, ast.ImportFrom) and not node.level:
            if node.module.split(".")[0] in HOSTS:
                if _is_private(node.module):
                    found.add(node.module)
                    continue
                names = [f"{node.module}.{a.name}" for a in node.names]
                found |= {name for name in names if _is_private(name)}
    for node in _nodes(path):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            name = f"{node.value.id}.{node.attr}"
            if node.value.id in hosts and _is_private(name):
                found.add(name)
    return found


def _is_private(name):
    parts = name.split(".")[1:]
    return any(
        part in _PRIVATE or part.startswith("_") and not part.endswith("__")
        for part in parts
    )
