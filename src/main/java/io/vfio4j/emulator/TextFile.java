package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** An attribute that was opened as a file. */
final class TextFile extends OpenFile {
    private final UserSpace memory;
    private final String path;
    private final FileTree.Text text;

    TextFile(UserSpace memory, String path, FileTree.Text text) {
        this.memory = memory;
        this.path = path;
        this.text = text;
    }

    @Override
    String name() {
        return path;
    }

    @Override
    int read(long address, int length, long position) throws KernelError {
        byte[] bytes = text.show()
                .orElseThrow(() -> new KernelError(Errno.EBADF))
                .show()
                .getBytes(StandardCharsets.UTF_8);
        if (position < 0 || position >= bytes.length) {
            return 0;
        }
        int count = (int) Math.min(length, bytes.length - position);
        memory.write(address, Arrays.copyOfRange(bytes, (int) position, (int) position + count));
        return count;
    }

    /** A store that would block is not waited for here: attributes are written by writeText. */
    @Override
    int write(long address, int length, long position) throws KernelError {
        text.store()
                .orElseThrow(() -> new KernelError(Errno.EBADF))
                .store(new String(memory.read(address, length), StandardCharsets.UTF_8));
        return length;
    }
}
