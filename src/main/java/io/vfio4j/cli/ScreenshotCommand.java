package io.vfio4j.cli;

import io.vfio4j.display.pixels.Consistency;
import io.vfio4j.display.pixels.Cursor;
import io.vfio4j.display.pixels.Frame;
import io.vfio4j.display.pixels.Screen;
import io.vfio4j.display.pixels.ScreenStats;
import io.vfio4j.display.pixels.Witness;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.vfio.Plane;
import io.vfio4j.vfio.PlaneAccess;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code vfio4j screenshot DEVICE -o FILE}. */
@Command(
        name = "screenshot",
        description = "Writes what a guest shows to a PNG file, with its cursor.",
        mixinStandardHelpOptions = true,
        versionProvider = Vfio4j.Version.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  vfio4j screenshot emulated -o screen.png",
            "  vfio4j screenshot emulated:v5:cursor --no-cursor --scale 0.5 -o small.png",
            "  vfio4j screenshot pid:4711 --fetch-dmabuf --wait 30s -o screen.png --json",
            "  vfio4j screenshot socket:/run/vm1/vgpu.sock -o - | display",
            "",
            "Exit codes: 0 the file is written; 1 it is not, among other things because the guest shows nothing;",
            "2 the command line is wrong."
        })
final class ScreenshotCommand implements Callable<Integer> {
    private static final Duration LOOK_PERIOD = Duration.ofMillis(50);
    /** How often a picture that the guest has changed meanwhile is taken again. */
    private static final int MOST_TRIES = 5;

    @Spec
    private CommandSpec spec;

    @ParentCommand
    private Vfio4j parent;

    @Mixin
    private DeviceChoice device;

    @Mixin
    private PictureOutput output;

    @Option(names = "--no-cursor", description = "Leave the hardware cursor out.")
    private boolean noCursor;

    @Option(
            names = "--scale",
            paramLabel = "FACTOR|WIDTHxHEIGHT",
            converter = ScaleText.Converter.class,
            description = "Make it smaller or larger, for example 0.5 or 800x600.")
    private Optional<ScaleText> scale = Optional.empty();

    @Option(
            names = "--wait",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description =
                    "How long to wait for a guest that shows nothing yet, for example 30s. Not at all when left out.")
    private Duration wait = Duration.ZERO;

    @Option(
            names = "--pixels",
            paramLabel = "auto|map|gpu|read",
            converter = PixelPath.Converter.class,
            description =
                    "The only way to the pixels to try: map what the device hands out, have a GPU import its dma-buf,"
                            + " or read its region. By default the first of them that works.")
    private PixelPath pixels = PixelPath.AUTO;

    @Override
    public Integer call() throws IOException {
        OutputFile file = output.file(device, parent.terminal());
        device.visit(parent, (calls, opened) -> run(calls, opened, file));
        return 0;
    }

    private void run(SystemCalls calls, OpenedDevice opened, OutputFile file) throws IOException {
        VfioDevice vgpu = opened.device();
        Set<PlaneAccess> access = PictureOutput.access(device, vgpu);
        try (EventLoop loop = EventLoop.stepped(calls);
                Screen screen = Screen.of(vgpu, access, output.mayFetch(vgpu), pixels.options(access), Witness.NONE);
                Frame frame = new Frame();
                Cursor cursor = new Cursor()) {
            if (!capture(loop, screen, frame)) {
                throw new IOException(nothing(opened));
            }
            boolean drawn = !noCursor && screen.cursor(cursor);
            if (drawn) {
                frame.drawCursor(cursor);
            }
            Png png = Png.of(frame, scale);
            file.write(parent.standardOutput(), png::writeTo);
            print(file, png, frame, drawn ? Optional.of(cursor) : Optional.empty(), screen.stats());
        }
    }

    /** What the guest has changed meanwhile is taken again, but not for ever. */
    private boolean capture(EventLoop loop, Screen screen, Frame frame) throws IOException {
        long end = loop.systemCalls().nanoTime() + wait.toNanos();
        while (!screen.capture(frame)) {
            if (loop.systemCalls().nanoTime() - end >= 0) {
                return false;
            }
            LoopTime.await(loop, new CountDownLatch(1), LOOK_PERIOD);
        }
        for (int tries = 1; tries < MOST_TRIES && frame.consistency() == Consistency.OVERTAKEN; tries++) {
            if (!screen.capture(frame)) {
                break;
            }
        }
        return !frame.isEmpty();
    }

    private String nothing(OpenedDevice opened) {
        return device.text() + ": nothing is scanned out"
                + (opened.bareVm().isPresent()
                        ? ": the driver opens this vGPU only for its VM, so a bare VM was made, which has no guest"
                        : ": the guest has not initialized the display, or has switched it off")
                + (wait.isZero()
                        ? ". --wait DURATION waits for a picture"
                        : ". Waited for " + DurationText.format(wait));
    }

    private void print(OutputFile file, Png png, Frame frame, Optional<Cursor> cursor, ScreenStats stats) {
        PrintWriter out = spec.commandLine().getOut();
        if (output.json()) {
            Map<String, Object> object = object(file, png, frame, cursor);
            object.put("mapping_refusal", stats.mappingRefusal());
            object.put("gpu", stats.gpu());
            new JsonLines(out).print(object);
        } else if (!file.isStandardOutput()) {
            out.println(file.name() + ": " + png.width() + "x" + png.height() + ", of "
                    + frame.plane()
                            .map(plane -> plane.width() + "x" + plane.height() + " " + plane.formatName())
                            .orElse("")
                    + " by " + frame.path().map(PixelPath::words).orElse("")
                    + cursor.map(shown -> ", with the cursor at " + shown.x() + "," + shown.y())
                            .orElse(""));
        }
    }

    private Map<String, Object> object(OutputFile file, Png png, Frame frame, Optional<Cursor> cursor) {
        Map<String, Object> object = JsonLines.object("screenshot");
        object.put("device", device.text());
        object.put("file", file.name());
        object.put("width", png.width());
        object.put("height", png.height());
        frame.plane().ifPresent(plane -> object.put("plane", plane(plane)));
        object.put("pixels_by", frame.path().map(Enum::name));
        object.put("consistency", frame.consistency().name());
        object.put("consistency_reason", frame.evidence().reason());
        object.put("cursor", cursor.map(ScreenshotCommand::object));
        return object;
    }

    /** What the driver says of a plane; also of one that is dumped. */
    static Map<String, Object> plane(Plane plane) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("width", Integer.toUnsignedLong(plane.width()));
        object.put("height", Integer.toUnsignedLong(plane.height()));
        object.put("format", plane.formatName());
        object.put("fourcc", Integer.toUnsignedLong(plane.format()));
        object.put("modifier", JsonLines.unsigned(plane.modifier()));
        object.put("stride_bytes", Integer.toUnsignedLong(plane.strideBytes()));
        object.put("size_bytes", Integer.toUnsignedLong(plane.sizeBytes()));
        object.put("x", plane.x());
        object.put("y", plane.y());
        object.put("hot_x", hotspot(plane.hotX()));
        object.put("hot_y", hotspot(plane.hotY()));
        return object;
    }

    private static OptionalInt hotspot(int position) {
        return position == Plane.UNKNOWN_HOTSPOT ? OptionalInt.empty() : OptionalInt.of(position);
    }

    private static Map<String, Object> object(Cursor cursor) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("x", cursor.x());
        object.put("y", cursor.y());
        object.put("width", cursor.image().width());
        object.put("height", cursor.image().height());
        object.put("hot_x", cursor.hotX());
        object.put("hot_y", cursor.hotY());
        object.put("certainty", cursor.certainty().name());
        return object;
    }
}
