package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;

/** What pidfd_open(2) opens: kernel/pid.c. It stands for its process for ever, also when the number has gone to another one. */
final class PidFd extends OpenFile {
    private final Task task;

    private PidFd(Task task) {
        this.task = task;
    }

    static PidFd open(Processes processes, int pid) throws KernelError {
        if (pid <= 0) {
            throw new KernelError(Errno.EINVAL);
        }
        if (processes.find(pid).isEmpty() && processes.findByThread(pid).isPresent()) {
            // From 6.9 on ENOENT.
            throw new KernelError(Errno.EINVAL);
        }
        return new PidFd(processes.find(pid).orElseThrow(() -> new KernelError(Errno.ESRCH)));
    }

    @Override
    String name() {
        return "anon_inode:[pidfd]";
    }

    @Override
    String fdinfo() {
        int pid = task.isAlive() ? task.pid() : -1;
        return "Pid:\t" + pid + "\nNSpid:\t" + pid + "\n";
    }

    /** EPOLLIN. */
    boolean hasExited() {
        return !task.isAlive();
    }

    /** pidfd_getfd(): the file, with a reference for the caller. */
    OpenFile take(Processes processes, int number) throws KernelError {
        if (!task.isAlive()) {
            throw new KernelError(Errno.ESRCH);
        }
        processes.checkAttachable(task);
        OpenFile file = task.descriptors().file(number);
        file.get();
        return file;
    }
}
