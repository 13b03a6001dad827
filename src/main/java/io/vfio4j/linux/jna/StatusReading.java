package io.vfio4j.linux.jna;

import io.vfio4j.linux.FileStatus;
import io.vfio4j.linux.FileStatus.Kind;
import io.vfio4j.linux.uapi.Files;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/**
 * stat(2) by way of Java's own attribute view: the C library's function has another name in older versions, and a structure of
 * another layout on each architecture.
 */
final class StatusReading {
    private static final int PERMISSIONS = 07777;

    private StatusReading() {}

    static FileStatus of(int descriptor) throws IOException {
        Map<String, Object> attributes =
                java.nio.file.Files.readAttributes(Path.of("/proc/self/fd/" + descriptor), "unix:mode,uid,gid,rdev");
        int mode = (Integer) attributes.get("mode");
        Kind kind = kind(mode & Files.S_IFMT);
        boolean node = kind == Kind.CHARACTER_DEVICE || kind == Kind.BLOCK_DEVICE;
        long device = node ? (Long) attributes.get("rdev") : 0;
        return new FileStatus(
                kind,
                mode & PERMISSIONS,
                Integer.toUnsignedLong((Integer) attributes.get("uid")),
                Integer.toUnsignedLong((Integer) attributes.get("gid")),
                major(device),
                minor(device));
    }

    private static Kind kind(int format) {
        return switch (format) {
            case Files.S_IFDIR -> Kind.DIRECTORY;
            case Files.S_IFREG -> Kind.REGULAR;
            case Files.S_IFCHR -> Kind.CHARACTER_DEVICE;
            case Files.S_IFBLK -> Kind.BLOCK_DEVICE;
            case Files.S_IFSOCK -> Kind.SOCKET;
            case Files.S_IFIFO -> Kind.PIPE;
            default -> Kind.OTHER;
        };
    }

    /** As the C library lays a {@code dev_t} out: 32 bits each, the lower ones in the middle for the sake of history. */
    static int major(long device) {
        return (int) (device >>> 8 & 0xfff | device >>> 32 & 0xffff_f000L);
    }

    static int minor(long device) {
        return (int) (device & 0xff | device >>> 12 & 0xffff_ff00L);
    }
}
