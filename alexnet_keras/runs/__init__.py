"""Training as a run: its folder, checkpoints, Ctrl-C, and several workers.

Names are loaded on first use: who only starts workers needs no TensorFlow.
"""

from alexnet_keras import lazily

_HOMES = {
    "Checkpoint": "checkpoints",
    "CheckpointError": "checkpoints",
    "Checkpointer": "checkpoints",
    "Cluster": "clusters",
    "find_cluster": "clusters",
    "Diverged": "divergence",
    "Divergence": "divergence",
    "Events": "events",
    "Recorder": "folder",
    "Run": "folder",
    "RunError": "folder",
    "next_folder": "folder",
    "refuse_used": "folder",
    "status": "folder",
    "changed_pictures": "record",
    "write_pictures": "record",
    "Interruption": "interruption",
    "Stopped": "interruption",
}
__getattr__, __dir__ = lazily.face(__name__, _HOMES)
__all__ = sorted(_HOMES)
