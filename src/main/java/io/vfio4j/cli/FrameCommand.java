package io.vfio4j.cli;

import io.vfio4j.display.pixels.Screen;
import io.vfio4j.display.pixels.ScreenOptions;
import io.vfio4j.display.pixels.Witness;
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
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
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
            "  vfio4j frame emulated:v5:mappable -o screen.raw",
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

    @Mixin
    private DeviceChoice device;

    @Mixin
    private PictureOutput output;

    @Option(
            names = "--plane",
            paramLabel = "primary|cursor",
            description = "Which plane; the primary one when left out.")
    private PlaneType plane = PlaneType.PRIMARY;

    @Override
    public Integer call() throws IOException {
        OutputFile file = output.file(device, parent.terminal());
        device.visit(parent, (calls, opened) -> run(opened.device(), file));
        return 0;
    }

    private void run(VfioDevice vgpu, OutputFile file) throws IOException {
        Set<PlaneAccess> access = PictureOutput.access(device, vgpu);
        try (Screen screen = Screen.of(vgpu, access, output.mayFetch(vgpu), ScreenOptions.DEFAULTS, Witness.NONE)) {
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
        if (output.json()) {
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
