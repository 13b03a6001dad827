package io.vfio4j.emulator;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.uapi.DisplayIrq;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Every row of the byte vectors, put to the emulated kernel. The caller's memory is filled with a pattern first, so that a
 * byte which the kernel must not write shows.
 */
class VectorsTest {
    private static final int PATTERN = 0xa5;
    private static final int ROOM = 96;
    private static final List<String> DIALECTS =
            List.of("v2", "v3", "v4", "v5", "v6", "page-flip", "port", "port-display");
    private static final Pattern GET = Pattern.compile("get index (\\d+)(?: argsz (\\d+)(?:\\.\\.(\\d+)| or more)?)?");

    private record Row(List<String> dialects, String call, String bytes) {}

    private static List<Row> rows() throws IOException {
        List<Row> rows = new ArrayList<>();
        try (InputStream file = VectorsTest.class.getResourceAsStream("/io/vfio4j/irq-info-vectors.txt")) {
            for (String line : new String(file.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
                if (!line.isBlank() && !line.startsWith("#")) {
                    String[] columns = line.split("\\|", 3);
                    rows.add(new Row(dialects(columns[0].strip()), columns[1].strip(), columns[2].strip()));
                }
            }
        }
        return rows;
    }

    private static List<String> dialects(String column) {
        if (column.equals("all")) {
            return DIALECTS;
        }
        if (column.endsWith("..")) {
            String first = column.substring(0, column.length() - 2);
            return DIALECTS.subList(DIALECTS.indexOf(first), DIALECTS.size());
        }
        return List.of(column.split(","));
    }

    private static byte[] hex(String text) {
        return HexFormat.of().parseHex(text.replace(" ", ""));
    }

    @TestFactory
    Stream<DynamicTest> the_kernel_answers_every_row_byte_for_byte() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        for (Row row : rows()) {
            if (row.dialects().equals(List.of("counter"))) {
                continue;
            }
            for (int i = 0; i < row.dialects().size(); i++) {
                String dialect = row.dialects().get(i);
                int place = i;
                tests.add(dynamicTest(dialect + ": " + row.call(), () -> check(row, dialect, place)));
            }
        }
        assertTrue(tests.size() > 60, () -> tests.size() + " tests from the vectors");
        return tests.stream();
    }

    private static void check(Row row, String dialect, int place) throws IOException {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.named(dialect));
                Attached attached = Attached.to(host)) {
            if (row.call().startsWith("set ")) {
                checkSet(row, attached);
            } else if (row.call().startsWith("GET_INFO")) {
                checkBytes(attached, hex(row.bytes().substring(0, row.bytes().indexOf('-'))), 20, -1);
            } else if (row.call().startsWith("any index")) {
                for (int argsz : new int[] {0, 16, 19}) {
                    for (int index = 0; index < 7; index++) {
                        assertRefused(attached, index, argsz);
                    }
                }
            } else {
                checkGet(row, place, attached);
            }
        }
    }

    private static void checkGet(Row row, int place, Attached attached) throws IOException {
        Matcher call = GET.matcher(row.call());
        assertTrue(call.matches(), row.call());
        int index = Integer.parseInt(call.group(1));
        int first = call.group(2) == null ? 64 : Integer.parseInt(call.group(2));
        int last = call.group(3) != null
                ? Integer.parseInt(call.group(3))
                : row.call().endsWith("or more") ? first + 44 : first;
        for (int argsz : IntStream.rangeClosed(first, last).toArray()) {
            if (row.bytes().startsWith("EINVAL")) {
                assertRefused(attached, index, argsz);
            } else {
                checkBytes(attached, expected(row.bytes(), place, argsz), argsz, index);
            }
        }
    }

    /** The bytes that are written: "a|b" means one for each dialect, "argsz" stands for itself. */
    private static byte[] expected(String text, int place, int argsz) {
        String echo = HexFormat.of().formatHex(new byte[] {(byte) argsz, 0, 0, 0});
        StringBuilder bytes = new StringBuilder();
        for (String word :
                text.replaceAll("\\(.*\\)", "").replace("-", "").strip().split("\\s+")) {
            String[] choice = word.split("\\|");
            bytes.append(word.equals("argsz") ? echo : choice[Math.min(place, choice.length - 1)]);
        }
        return hex(bytes.toString());
    }

    /** Index -1 stands for VFIO_DEVICE_GET_INFO. */
    private static void checkBytes(Attached attached, byte[] expected, int argsz, int index) throws IOException {
        try (NativeMemory info = attached.calls().allocate(ROOM)) {
            byte[] before = new byte[ROOM];
            Arrays.fill(before, (byte) PATTERN);
            info.putBytes(0, before);
            info.putInt(Vfio.IrqInfo.ARGSZ, argsz);
            if (index >= 0) {
                info.putInt(Vfio.IrqInfo.INDEX, index);
            }
            attached.calls()
                    .ioctl(
                            attached.device(),
                            index < 0 ? Vfio.VFIO_DEVICE_GET_INFO : Vfio.VFIO_DEVICE_GET_IRQ_INFO,
                            info);
            byte[] wanted = before.clone();
            System.arraycopy(expected, 0, wanted, 0, expected.length);
            assertArrayEquals(
                    wanted,
                    info.getBytes(0, ROOM),
                    () -> "argsz " + argsz + ", wanted "
                            + HexFormat.of().formatHex(wanted) + ", got "
                            + HexFormat.of().formatHex(info.getBytes(0, ROOM)));
        }
    }

    private static void assertRefused(Attached attached, int index, int argsz) {
        try (NativeMemory info = attached.calls().allocate(ROOM)) {
            info.putInt(Vfio.IrqInfo.ARGSZ, argsz);
            info.putInt(Vfio.IrqInfo.INDEX, index);
            byte[] before = info.getBytes(0, ROOM);
            LinuxException refusal = assertThrows(
                    LinuxException.class,
                    () -> attached.calls().ioctl(attached.device(), Vfio.VFIO_DEVICE_GET_IRQ_INFO, info));
            assertEquals(Errno.EINVAL, refusal.errno());
            assertArrayEquals(before, info.getBytes(0, ROOM));
        }
    }

    private static void checkSet(Row row, Attached attached) throws IOException {
        Vgpu vgpu = attached.host().vgpu();
        Descriptor eventFd = attached.calls().eventFd("display irq");
        for (int made = 0; made < 64 && number(eventFd) != 42; made++) {
            eventFd = attached.calls().eventFd("display irq");
        }
        assertEquals(42, number(eventFd));
        switch (row.call()) {
            case "set arm fd 42" -> {
                set(attached, row.bytes());
                assertTrue(vgpu.armed());
            }
            case "set disarm" -> {
                attached.arm(eventFd);
                set(attached, row.bytes());
                assertEquals(false, vgpu.armed());
            }
            case "set mask" -> {
                set(attached, row.bytes());
                assertTrue(vgpu.masked());
            }
            case "set unmask" -> {
                attached.mask();
                set(attached, row.bytes());
                assertEquals(false, vgpu.masked());
            }
            default -> throw new AssertionError(row.call());
        }
        assertEquals(0, vgpu.forbiddenCalls());
    }

    private static int number(Descriptor descriptor) {
        try {
            return descriptor.acquire();
        } finally {
            descriptor.release();
        }
    }

    private static void set(Attached attached, String text) throws IOException {
        byte[] bytes = hex(text);
        try (NativeMemory set = attached.calls().allocate(bytes.length)) {
            set.putBytes(0, bytes);
            attached.calls().ioctl(attached.device(), Vfio.VFIO_DEVICE_SET_IRQS, set);
        }
    }

    @Test
    void mainline_reports_msi_as_not_resizable() throws IOException {
        String row = rows().stream()
                .map(Row::bytes)
                .filter(bytes -> bytes.contains("(mainline: "))
                .findFirst()
                .orElseThrow();
        String bytes = row.substring(row.indexOf("(mainline: ") + 11, row.indexOf(')'));
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.MAINLINE);
                Attached attached = Attached.to(host)) {
            checkBytes(attached, hex("40000000 " + bytes), 64, 1);
        }
    }

    @Test
    void the_counter_rows_are_what_the_driver_posts() throws IOException {
        List<String> values = rows().stream()
                .filter(row -> row.dialects().equals(List.of("counter")))
                .map(Row::call)
                .toList();
        assertEquals(7, values.size());
        assertEquals(
                DisplayIrq.PRIMARY_VALUE, Long.parseUnsignedLong(values.get(0).substring(2), 16));
        assertEquals(
                DisplayIrq.CURSOR_VALUE, Long.parseUnsignedLong(values.get(1).substring(2), 16));
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V6);
                Attached attached = Attached.to(host)) {
            Descriptor eventFd = attached.calls().eventFd("display irq");
            attached.arm(eventFd);
            EmulatedGuest guest = host.vgpu().guest();
            for (String value : values.subList(0, 6)) {
                long left = Long.parseUnsignedLong(value.substring(2), 16);
                if (left == -1L) {
                    host.faults().saturate(host.vgpu());
                } else {
                    for (long primary = left >>> 56; primary > 0; primary--) {
                        guest.flip();
                        host.vgpu().vblank(1);
                    }
                    for (long cursor = left >>> 48 & 0xff; cursor > 0; cursor--) {
                        guest.cursor();
                        host.vgpu().vblank(1);
                    }
                }
                assertEquals(left, attached.calls().drain(eventFd), value);
            }
            for (int cursor = 0; cursor < 256; cursor++) {
                guest.cursor();
                host.vgpu().vblank(1);
            }
            assertEquals(DisplayIrq.PRIMARY_VALUE, attached.calls().drain(eventFd), "256 cursor events carry");
        }
    }
}
