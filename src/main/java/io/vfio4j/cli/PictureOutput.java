package io.vfio4j.cli;

import io.vfio4j.vfio.PlaneAccess;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Where a command that takes a picture writes it, what it says of it, and whether it may fetch dma-bufs. */
final class PictureOutput {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            converter = FileNameConverter.class,
            required = true,
            description = "Where to write it; '-' is standard output. A file that is there is replaced in one step.")
    private String output;

    @Option(
            names = "--fetch-dmabuf",
            description = "On a device of another process, fetch the framebuffer's dma-buf all the same. If the owner"
                    + " shows the display, its own fetch can fail, and some drivers crash.")
    private boolean fetchDmaBufs;

    @Option(names = "--json", description = "One JSON object on what was written.")
    private boolean json;

    boolean json() {
        return json;
    }

    /** The file, if the options make sense together. */
    OutputFile file(DeviceChoice device, boolean terminal) {
        device.requireSense();
        if (fetchDmaBufs && !device.isShared()) {
            throw refusal("--fetch-dmabuf is for devices of another process (pid:, socket:): " + device.text()
                    + " is ours alone");
        }
        OutputFile file = new OutputFile(output);
        if (file.isStandardOutput() && json) {
            throw refusal("-o - and --json both write to standard output");
        }
        if (file.isStandardOutput() && terminal) {
            throw refusal("standard output is a terminal, which shows no pictures");
        }
        return file;
    }

    private ParameterException refusal(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    boolean mayFetch(VfioDevice vgpu) {
        return !vgpu.shared() || fetchDmaBufs;
    }

    /** How the device hands out its planes. */
    static Set<PlaneAccess> access(DeviceChoice device, VfioDevice vgpu) throws IOException {
        Set<PlaneAccess> access = vgpu.planeAccess();
        if (access.isEmpty()) {
            throw new IOException(device.text() + " has no display");
        }
        return access;
    }
}
