"""Data-parallel training by several single-threaded processes on one machine, through shared memory.

Two processes of one thread each lose far less to a neighbour's load than one process of two threads, whose
threads wait for each other at every operation.  Each process owns a share of the parameters: it alone steps
them and hands the new values to the others.  Started by torchrun; without it, everything here does nothing.
"""
import os

import torch
import torch.distributed as dist


class Pair:
    def __init__(self, parameters):
        self.rank, self.size = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        self.params = list(parameters)
        self.owner, load = {}, [0] * self.size
        for p in sorted(self.params, key=lambda p: -p.numel()):
            r = load.index(min(load))
            self.owner[id(p)] = r
            load[r] += p.numel()
        if self.size == 1:
            return
        dist.init_process_group("gloo")
        n = sum(p.numel() for p in self.params)
        path = f"/dev/shm/pocket-{os.environ['MASTER_PORT']}"
        if self.rank == 0 and os.path.exists(path):
            os.remove(path)
        dist.barrier()
        shared = torch.from_file(path, shared=True, size=(self.size + 1) * n + 16)
        self.head, self.grads, self.values = shared[:16], shared[16:16 + self.size * n].view(self.size, n), shared[16 + self.size * n:]
        dist.barrier()

    def barrier(self):
        if self.size > 1:
            dist.barrier()

    def mine(self, p):
        return self.owner.get(id(p)) == self.rank

    def average(self, part):
        """Averages the gradients; returns the first process's `part` (its share of the time that has passed)."""
        if self.size == 1:
            return part
        if self.rank == 0:
            self.head[0] = part
        torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in self.params],
                  out=self.grads[self.rank])
        dist.barrier()
        mean, at = self.grads.mean(0), 0
        for p in self.params:
            p.grad = mean[at:at + p.numel()].view_as(p)
            at += p.numel()
        return self.head[0].item()

    @torch.no_grad()
    def exchange(self):
        """Hands the parameters just stepped to the others."""
        if self.size == 1:
            return
        at = 0
        for p in self.params:
            if self.mine(p):
                self.values[at:at + p.numel()] = p.flatten()
            at += p.numel()
        dist.barrier()
        at = 0
        for p in self.params:
            if not self.mine(p):
                p.copy_(self.values[at:at + p.numel()].view_as(p))
            at += p.numel()
