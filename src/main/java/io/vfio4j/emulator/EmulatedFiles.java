package io.vfio4j.emulator;

import java.util.Objects;

/**
 * The files of an emulated host, for tests of what happens where they are not as they should be. What is changed here is what
 * {@code stat}, {@code readlink} and reading show; the devices behind the files do not change with them. Safe for use by any
 * thread.
 */
public final class EmulatedFiles {
    private final Kernel kernel;

    EmulatedFiles(Kernel kernel) {
        this.kernel = kernel;
    }

    private interface Change {
        void apply(FileTree files) throws KernelError;
    }

    private void change(String path, Change change) {
        if (!path.matches("/\\S*[^/\\s]")) {
            throw new IllegalArgumentException("'" + path + "' is not an absolute path");
        }
        kernel.lock();
        try {
            change.apply(kernel.files());
        } catch (KernelError error) {
            throw new IllegalArgumentException("there is no " + path, error);
        } finally {
            kernel.unlock();
        }
    }

    /**
     * Puts a file of root's that everybody may read, in the place of what is there, and makes the directories above it.
     *
     * @param path an absolute path, not through a link
     * @param text what it holds, to which a line end is added
     */
    public void put(String path, String text) {
        Objects.requireNonNull(text, "text");
        change(path, files -> files.put(path, text));
    }

    /**
     * Puts a symbolic link, relative as those of sysfs are, in the place of what is there.
     *
     * @param path an absolute path, not through a link
     * @param target the absolute path that it leads to, which need not be there
     */
    public void link(String path, String target) {
        Objects.requireNonNull(target, "target");
        change(path, files -> files.link(path, target));
    }

    /**
     * Removes a file, a link or a directory with everything in it. Nothing happens where there is none.
     *
     * @param path an absolute path, not through a link
     */
    public void remove(String path) {
        change(path, files -> files.remove(path));
    }

    /**
     * chown and chmod.
     *
     * @param path an absolute path
     * @param permissions the mode bits, for example {@code 0660}
     * @param owner a user id
     * @param group a group id
     * @throws IllegalArgumentException when there is no such file
     */
    public void own(String path, int permissions, int owner, int group) {
        if ((permissions & ~07777) != 0 || owner < 0 || group < 0) {
            throw new IllegalArgumentException(
                    "mode 0" + Integer.toOctalString(permissions) + ", owner " + owner + ", group " + group);
        }
        change(path, files -> files.own(path, new FileTree.Ownership(permissions, owner, group)));
    }
}
