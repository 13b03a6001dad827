package io.vfio4j.cli;

import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** The option {@code --fetch-dmabuf} of commands that take a picture. */
final class FetchDmaBufText {
    /** For the help. */
    static final String DESCRIPTION =
            "On a device of another process, fetch the framebuffer's dma-buf all the same. If the owner"
                    + " shows the display, its own fetch can fail, and some drivers crash.";

    private FetchDmaBufText() {}

    /** On a device that is ours alone it means nothing. */
    static void requireShared(CommandLine command, DeviceName device, boolean fetch) {
        if (fetch && !device.isShared()) {
            throw new ParameterException(
                    command,
                    "--fetch-dmabuf is for devices of another process (pid:, socket:): " + device.text()
                            + " is ours alone");
        }
    }
}
