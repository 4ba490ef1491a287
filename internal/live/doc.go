// Package live reads what containers and their machine use, as often as each
// second, at a cost that nobody notices.
//
// The figures come straight from the kernel: when a container appears, its
// cgroup is looked up in /proc/PID/cgroup and /proc/self/mountinfo (so
// neither the engine's cgroup driver nor the layout of version 1 or 2 is
// guessed), four or five files are opened, and from then on a tick is one
// pread of each. The engine is asked nothing but which containers run: it
// pushes starts and ends, and a list every half minute catches what was lost.
//
// We read the few lines we show ourselves instead of using
// github.com/containerd/cgroups/v3: its Stat opens, reads, parses and closes
// every file of every controller (blkio, rdma, hugetlb …) at each call, and it
// wants the path of the cgroup, which is the part that needs care. The figures
// of the machine come from gopsutil.
//
// A tick takes /proc/PID as the engine names it: the engine must run on this
// machine. What it reports for runtimes with a kernel of their own is what the
// machine spends on the sandbox, not what its guest sees.
package live
