package io.vfio4j.linux;

/**
 * What stat(2) says of a file.
 *
 * @param kind what it is
 * @param permissions the twelve mode bits below the kind, for example {@code 0660}
 * @param owner the owner's user id
 * @param group the owner's group id
 * @param major of a device node: which driver; else 0
 * @param minor of a device node: which of the driver's devices; else 0
 */
public record FileStatus(Kind kind, int permissions, long owner, long group, int major, int minor) {

    /** Kinds of files. A symbolic link is followed, so it is never one of these. */
    public enum Kind {
        /** A directory. */
        DIRECTORY,
        /** A regular file, which an attribute of sysfs is too. */
        REGULAR,
        /** A node of a character device, as those of VFIO and KVM are. */
        CHARACTER_DEVICE,
        /** A node of a block device. */
        BLOCK_DEVICE,
        /** A UNIX socket. */
        SOCKET,
        /** A named pipe. */
        PIPE,
        /** What this table does not know. */
        OTHER
    }
}
