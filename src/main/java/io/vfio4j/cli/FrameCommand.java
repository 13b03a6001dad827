package io.vfio4j.cli;

import io.vfio4j.display.pixels.Screen;
import io.vfio4j.display.pixels.ScreenOptions;
import io.vfio4j.display.pixels.Witness;
import io.vfio4j.vfio.AttachPath;
import io.vfio4j.vfio.Plane;
import io.vfio4j.vfio.PlaneAccess;
import io.vfio4j.vfio.PlaneType;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code vfio4j frame DEVICE -o FILE}. */
@Command(
        name = "frame",
        description =
                "Writes the bytes of a plane's buffer to a file as they are, for debugging, and says what they are.",
        mixinStandardHelpOptions = true,
        versionProvider = Vfio4j.Version.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  vfio4j frame emulated -o screen.raw",
            "  vfio4j frame pid:4711 --fetch-dmabuf --plane cursor -o cursor.raw --json",
            "",
            "The bytes are in the guest's format, and tiled as its modifier says; 'vfio4j screenshot' makes a picture of them.",
            "Where the driver does not let its dma-bufs be mapped, as GVT-g does not, nobody can have them but its GPU."
        })
final class FrameCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @ParentCommand
    private Vfio4j parent;

    @Parameters(
            paramLabel = "DEVICE",
            converter = DeviceNameConverter.class,
            description = "emulated[:DIALECT[:ITEM,...]], a UUID, /sys/bus/mdev/devices/UUID,"
                    + " or what another process has open: pid:PID[/UUID], socket:PATH.")
    private DeviceName device;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            required = true,
            description = "Where to write it; '-' is standard output. A file that is there is replaced in one step.")
    private String output;

    @Option(
            names = "--plane",
            paramLabel = "primary|cursor",
            description = "Which plane; the primary one when left out.")
    private PlaneType plane = PlaneType.PRIMARY;

    @Option(names = "--fetch-dmabuf", description = FetchDmaBufText.DESCRIPTION)
    private boolean fetchDmaBufs;

    @Option(
            names = "--path",
            paramLabel = "group|cdev",
            converter = AttachPathConverter.class,
            description = AttachPathConverter.DESCRIPTION)
    private Optional<AttachPath> path = Optional.empty();

    @Option(names = "--json", description = "One JSON object on what was written.")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        AttachPathConverter.requireOpening(spec.commandLine(), device, path);
        FetchDmaBufText.requireShared(spec.commandLine(), device, fetchDmaBufs);
        OutputFile file = new OutputFile(output);
        if (file.isStandardOutput() && json) {
            throw new ParameterException(spec.commandLine(), "-o - and --json both write to standard output");
        }
        if (file.isStandardOutput() && parent.terminal()) {
            throw new ParameterException(spec.commandLine(), "standard output is a terminal, which shows no pictures");
        }
        DeviceVisit.to(device, parent, path, (calls, opened) -> run(opened.device(), file));
        return 0;
    }

    private void run(VfioDevice vgpu, OutputFile file) throws IOException {
        Set<PlaneAccess> access = vgpu.planeAccess();
        if (access.isEmpty()) {
            throw new IOException(device.text() + " has no display");
        }
        boolean mayFetch = !vgpu.shared() || fetchDmaBufs;
        try (Screen screen = Screen.of(vgpu, access, mayFetch, ScreenOptions.DEFAULTS, Witness.NONE)) {
            Optional<RawBuffer> shown = access.contains(PlaneAccess.REGION)
                    ? RawBuffer.ofRegion(vgpu, screen, plane)
                    : RawBuffer.ofDmaBuf(vgpu, screen, plane);
            RawBuffer buffer = shown.orElseThrow(() -> new IOException(device.text() + ": the "
                    + plane.name().toLowerCase(Locale.ROOT) + " plane shows nothing"
                    + (plane == PlaneType.PRIMARY
                            ? ": the guest has not initialized the display, or has switched it off"
                            : "")));
            file.write(parent.standardOutput(), out -> out.write(buffer.bytes()));
            print(file, buffer);
        }
    }

    private void print(OutputFile file, RawBuffer buffer) {
        PrintWriter out = spec.commandLine().getOut();
        Plane shown = buffer.plane();
        if (json) {
            Map<String, Object> object = JsonLines.object("frame");
            object.put("device", device.text());
            object.put("file", file.name());
            object.put("bytes", buffer.bytes().length);
            object.put("source", buffer.source());
            object.put("plane_type", plane.name().toLowerCase(Locale.ROOT));
            object.put("plane", ScreenshotCommand.plane(shown));
            new JsonLines(out).print(object);
        } else if (!file.isStandardOutput()) {
            out.println(file.name() + ": " + buffer.bytes().length + " bytes from " + buffer.source() + ": "
                    + Integer.toUnsignedString(shown.width()) + "x" + Integer.toUnsignedString(shown.height()) + " "
                    + shown.formatName() + ", stride " + Integer.toUnsignedString(shown.strideBytes())
                    + " bytes, modifier " + Words.hex(shown.modifier()));
        }
    }
}
