package io.vfio4j.cli;

import io.vfio4j.display.edid.Edid;
import io.vfio4j.display.edid.MalformedEdidException;
import io.vfio4j.display.edid.Monitor;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.vfio.VfioDevice;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code vfio4j edid DEVICE}. */
@Command(
        name = "edid",
        description = "Shows what the guest's monitor says of itself (its EDID), saves it, or exchanges the monitor.",
        mixinStandardHelpOptions = true,
        versionProvider = Vfio4j.Version.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  vfio4j edid emulated",
            "  vfio4j edid emulated --raw | edid-decode --check",
            "  vfio4j edid pid:4711 -o monitor.bin",
            "  vfio4j edid pid:4711 --set monitor.bin",
            "",
            "FILE of --set has the bytes of an EDID, or hexadecimal digits, as /sys/class/drm/*/edid and --raw have them;",
            "lines that begin with # are left out; what --raw or edid-decode print is taken as well.",
            "'-' is standard input, with -o standard output.",
            "A device that nobody has open is opened for it, and its driver may forget the monitor when it is closed."
        })
final class EdidCommand implements Callable<Integer> {
    /** Guests that are too quick for it miss a monitor that was away for no time at all. */
    private static final Duration UNPLUGGED = Duration.ofMillis(100);
    /** More than any EDID, in hexadecimal digits and with remarks. */
    private static final int MOST_INPUT = 1 << 20;

    @Spec
    private CommandSpec spec;

    @ParentCommand
    private Vfio4j parent;

    @Mixin
    private DeviceChoice device;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            converter = FileNameConverter.class,
            description = "Write the EDID's bytes to this file, and print nothing.")
    private Optional<String> output = Optional.empty();

    @Option(
            names = "--set",
            paramLabel = "FILE",
            converter = FileNameConverter.class,
            description = "Exchange the monitor: unplug it, write this EDID, plug it in again after 100 ms.")
    private Optional<String> input = Optional.empty();

    @Option(names = "--force", description = "With --set: also an EDID with problems, which the device may refuse.")
    private boolean force;

    @Option(names = "--raw", description = "The bytes as well, in hexadecimal.")
    private boolean raw;

    @Option(names = "--json", description = "One JSON object.")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        device.requireSense();
        requireSense(output.isEmpty() || !raw && !json, "-o writes the EDID alone: leave --raw and --json out");
        requireSense(
                output.filter(OutputFile.STANDARD_OUTPUT::equals).isEmpty() || !parent.terminal(),
                "standard output is a terminal, which shows no bytes; --raw prints them as digits");
        requireSense(input.isPresent() || !force, "--force is for --set");
        Optional<Edid> wanted = input.isPresent() ? Optional.of(read(input.get())) : Optional.empty();
        // Once the monitor is unplugged, a signal does not keep it from being plugged in again.
        Ending ending = Ending.onSignals();
        try {
            device.visit(parent, (calls, opened) -> run(calls, opened.device(), wanted));
        } finally {
            ending.close();
        }
        return 0;
    }

    private void requireSense(boolean sense, String message) {
        if (!sense) {
            throw new ParameterException(spec.commandLine(), message);
        }
    }

    private void run(SystemCalls calls, VfioDevice opened, Optional<Edid> wanted) throws IOException {
        Monitor monitor = Monitor.of(opened)
                .orElseThrow(() -> new IOException(
                        device.text() + " has no EDID region: what monitor its guest sees cannot be told"));
        if (wanted.isPresent()) {
            exchange(calls, monitor, wanted.get());
        }
        EdidText text = new EdidText(device.text(), monitor.edid(), monitor.linkUp(), monitor.limits());
        if (output.isPresent()) {
            byte[] bytes = text.edid()
                    .orElseThrow(() -> new IOException(device.text() + " has no EDID yet"))
                    .bytes();
            new OutputFile(output.get()).write(parent.standardOutput(), out -> out.write(bytes));
        } else if (json) {
            new JsonLines(spec.commandLine().getOut()).print(text.object(raw));
        } else {
            text.print(spec.commandLine().getOut(), raw);
        }
    }

    private static void exchange(SystemCalls calls, Monitor monitor, Edid edid) throws IOException {
        try (EventLoop loop = EventLoop.stepped(calls)) {
            Monitor.Exchange exchange = monitor.exchange(edid);
            try {
                LoopTime.await(loop, new CountDownLatch(1), UNPLUGGED);
            } finally {
                exchange.plugIn();
            }
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private Edid read(String name) throws IOException {
        Edid edid;
        try {
            edid = Edid.parseLeniently(bytes(content(name)));
        } catch (MalformedEdidException e) {
            throw new IOException(fileName(name) + " has a " + e.getMessage(), e);
        }
        if (!edid.problems().isEmpty() && !force) {
            throw new IOException(fileName(name) + " has an EDID with problems: " + String.join("; ", edid.problems())
                    + ". --force takes it all the same");
        }
        return edid;
    }

    private byte[] content(String name) throws IOException {
        // Buffered: FileInputStream.readNBytes of Java 17 asks for a position, which a pipe has not.
        try (InputStream in = new BufferedInputStream(
                name.equals(OutputFile.STANDARD_OUTPUT)
                        ? parent.standardInput()
                        : Files.newInputStream(Path.of(name)))) {
            return in.readNBytes(MOST_INPUT);
        } catch (NoSuchFileException e) {
            throw new IOException("there is no file " + name, e);
        } catch (IOException e) {
            throw new IOException("cannot read " + fileName(name) + ": " + e.getMessage(), e);
        }
    }

    private static String fileName(String name) {
        return name.equals(OutputFile.STANDARD_OUTPUT) ? "standard input" : name;
    }

    /** Hexadecimal digits are turned into what they mean; an EDID itself begins with a zero. */
    private static byte[] bytes(byte[] content) {
        if (content.length == 0 || content[0] == 0) {
            return content;
        }
        String digits = hexadecimal(new String(content, StandardCharsets.ISO_8859_1)
                        .lines()
                        .map(String::strip)
                        .toList())
                .filter(line -> !line.startsWith("#"))
                .collect(Collectors.joining())
                .replaceAll("\\s", "");
        return digits.matches("([0-9a-fA-F]{2})+") ? HexFormat.of().parseHex(digits) : content;
    }

    /** Where somebody has told what the EDID says, its digits follow a heading, and other text may follow them. */
    private static Stream<String> hexadecimal(List<String> lines) {
        int heading = lines.indexOf(EdidText.HEXADECIMAL_HEADING);
        return heading < 0
                ? lines.stream()
                : lines.stream().skip(heading + 1L).takeWhile(line -> line.matches("[0-9a-fA-F\\s]*"));
    }
}
