"""Run float32 code in float64: rewrite the source of chosen modules while they are imported.

Both HunyuanVideo codes compute a few things in float32 whatever the model's dtype: the sinusoid, the rotary tables and
the rotation, the statistics of the RMS norm, masks, the schedule and the Euler update.  For a float64 truth these
islands have to go.  promote() must be called before diffusers is imported; nothing on disk is changed.
"""
import importlib.abc
import importlib.machinery
import re
import sys

DIFFUSERS = re.compile(r"diffusers\.(models\.(embeddings|normalization|activations|attention\w*"
                       r"|transformers\.transformer_hunyuan_video)|schedulers\.scheduling_flow_match_euler_discrete)$")
TENCENT = re.compile(r"hyvideo\.(modules\.\w+|scheduling_flow_match_discrete)$")

ISLANDS = [
    (re.compile(r"\b(torch|np)\.float32\b"), r"\1.float64"),
    (re.compile(r"\.float\(\)"), ".double()"),
]
CPU = [(re.compile(r'device="cuda"'), 'device="cpu"')]           # Tencent's get_cu_seqlens


class Loader(importlib.machinery.SourceFileLoader):
    """A source loader that compiles rewritten text and leaves no bytecode behind."""

    rules = []

    def get_code(self, fullname):
        path = self.get_filename(fullname)
        text = self.get_data(path).decode()
        for pattern, new in self.rules:
            text = pattern.sub(new, text)
        return compile(text, path, "exec", dont_inherit=True)


class Finder(importlib.abc.MetaPathFinder):
    def __init__(self, names, rules):
        self.names, self.rules = names, rules

    def find_spec(self, fullname, path, target=None):
        if not self.names.match(fullname):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = Loader(fullname, spec.origin)
            spec.loader.rules = self.rules
        return spec


def promote():
    """From here on the modules above, and torch's default dtype, are float64."""
    if "diffusers" in sys.modules:
        raise RuntimeError("promote() comes too late: diffusers is already imported")
    import torch
    torch.set_default_dtype(torch.float64)
    sys.meta_path.insert(0, Finder(DIFFUSERS, ISLANDS))
    sys.meta_path.insert(0, Finder(TENCENT, ISLANDS + CPU))
