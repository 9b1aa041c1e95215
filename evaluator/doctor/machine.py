"""The machine: room on the disk, memory, GPU and driver, and the client's faster way of uploading."""

import importlib.metadata
import shutil
import subprocess
import sys
from pathlib import Path

from evaluator.doctor.checks import Check, Verdict

GIB = 2**30
LEAST_DISK = 2 * GIB
"""Bytes that an evaluation needs besides the model's weights: tokenizer, data sets, embeddings."""

LITTLE_MEMORY, LEAST_MEMORY = 2 * GIB, GIB // 2
GPU_SECONDS = 120.0
"""PyTorch takes its time where the disk is cold."""

_ASK_TORCH = """
import torch
print(torch.__version__, torch.version.cuda, torch.cuda.is_available(), torch.cuda.device_count())
if torch.cuda.is_available():
    x = torch.ones(64, 64, device="cuda")
    print(float((x @ x).sum()))
"""


def disk(folder: Path) -> Check:
    """Room where `folder` is, or will be."""
    looked = folder.absolute()
    while not looked.exists() and looked != looked.parent:
        looked = looked.parent
    free = shutil.disk_usage(looked).free
    told = f"{free / GIB:.1f} GiB free for the work folder"
    facts = {"free_bytes": free}
    if free < LEAST_DISK:
        advice = "make room, or set KEL_WORK_DIR to a larger disk: an evaluation needs 2 GiB besides the model"
        return Check("disk", "failed", told, advice, facts)
    return Check("disk", "ok", told, None, facts)


def memory() -> Check:
    """The host's memory that is free to be used."""
    import psutil

    available = psutil.virtual_memory().available
    told = f"{available / GIB:.1f} GiB available"
    facts = {"available_bytes": available}
    if available < LITTLE_MEMORY:
        verdict: Verdict = "failed" if available < LEAST_MEMORY else "note"
        return Check("memory", verdict, told, "most evaluations need 2 GiB and the model's weights; end others", facts)
    return Check("memory", "ok", told, None, facts)


def gpu(device: str | None) -> Check:
    """GPUs and driver as nvidia-smi tells them, and whether the installed PyTorch computes on one.

    Without nvidia-smi there is no GPU to look at, and it fails only where `device` asks for one.
    """
    wanted = device is not None and "cuda" in device
    asked = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    try:
        listed = subprocess.run(asked, capture_output=True, text=True, timeout=20, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        listed = ""
    if not listed:
        if wanted:
            return Check("GPU", "failed", "none is seen (nvidia-smi)", "install the driver, or use --device cpu")
        return Check("GPU", "note", "none is seen (nvidia-smi): evaluations run on the processor, slowly")
    devices = [line.strip() for line in listed.splitlines()][:16]
    facts: dict[str, object] = {"devices": devices}
    if device is not None and not wanted:
        return Check("GPU", "note", f"{'; '.join(devices)}; not used (--device {device})", None, facts)
    try:
        ran = subprocess.run(
            [sys.executable, "-c", _ASK_TORCH], capture_output=True, text=True, timeout=GPU_SECONDS, check=True
        ).stdout.splitlines()
        version, cuda, available, _ = ran[0].split()
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        advice = (
            "pip install -r evaluator/requirements.txt; with a driver too old for it, a torch built for an older CUDA"
        )
        return Check("GPU", "failed", f"{'; '.join(devices)}: PyTorch cannot compute on it", advice, facts)
    facts |= {"torch": version, "cuda": cuda}
    if available != "True":
        advice = "the installed torch has no CUDA, or the driver is too old for it (pytorch.org names the pairs)"
        return Check("GPU", "failed", f"{'; '.join(devices)}: torch {version} sees none of it", advice, facts)
    return Check("GPU", "ok", f"{'; '.join(devices)}; torch {version}, CUDA {cuda}", None, facts)


def xet() -> Check:
    """Whether the Hub's client uploads through Xet, which takes large files in pieces."""
    from huggingface_hub import constants

    try:
        version = importlib.metadata.version("hf-xet")
    except importlib.metadata.PackageNotFoundError:
        return Check("Xet", "note", "hf_xet is not installed: files go up through LFS, whole", "pip install hf_xet")
    if constants.HF_HUB_DISABLE_XET:
        return Check("Xet", "note", f"hf_xet {version} is switched off by HF_HUB_DISABLE_XET")
    return Check("Xet", "ok", f"hf_xet {version}", None, {"version": version})
