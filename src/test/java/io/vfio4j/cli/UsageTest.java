package io.vfio4j.cli;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.VgpuProfile;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

class UsageTest {
    private static final String ABSENT = "8f9c1a8e-3f5d-4b2a-9a55-0d0f1d5a7b11";

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "wotch",
                "list more",
                "info",
                "info nonsense",
                "info emulated:v9",
                "info emulated:v5 --nonsense",
                "watch pid:0",
                "watch socket:",
                "watch --take-irq " + ABSENT,
                "watch --fetch-dmabuf emulated:v5",
                "watch --virtual pid:1",
                "watch emulated:v5:nonsense",
                "watch --for soon",
                "watch --for",
                "watch --policy sometimes",
                "watch --policy timer=0s",
                "watch --min-interval -1s",
                "watch --virtual " + ABSENT,
                "view",
                "view nonsense",
                "view emulated --tabs --wall",
                "view emulated --windows --tabs",
                "view emulated emulated:v6 --windows --fullscreen",
                "view emulated --wall --scale 1:1",
                "view emulated --scale 2",
                "view emulated --for soon",
                "view emulated --policy sometimes",
                "view emulated --take-irq",
                "view pid:1 --path group",
                "serve",
                "serve nonsense",
                "serve emulated emulated:v5:flip",
                "serve emulated --listen",
                "serve emulated --listen nowhere",
                "serve emulated --listen ::1:5900",
                "serve emulated --listen 127.0.0.1:65536",
                "serve emulated emulated:v6 --listen 65535",
                "serve emulated --listen 0.0.0.0:5900",
                "serve emulated --listen [::]:5900",
                "serve emulated --max-clients 0",
                "serve emulated --max-clients 10001",
                "serve emulated --cursor nobody",
                "serve emulated --tls server.p12",
                "serve emulated --tls-password-file x",
                "serve emulated --take-irq",
                "serve pid:1 --path group",
                "serve emulated --for soon",
                "screenshot",
                "screenshot emulated",
                "screenshot emulated -o",
                "screenshot emulated -o x --scale 0",
                "screenshot emulated -o x --scale 17",
                "screenshot emulated -o x --scale 0x5",
                "screenshot emulated -o x --scale half",
                "screenshot emulated -o x --scale 16384x4097",
                "screenshot emulated -o x --pixels telepathy",
                "screenshot emulated -o x --wait soon",
                "screenshot emulated -o - --json",
                "screenshot pid:1 -o x --path group",
                "frame",
                "frame emulated",
                "frame emulated -o x --plane third",
                "frame emulated -o x --fetch-dmabuf",
                "frame emulated -o - --json",
                "mode",
                "mode emulated:v5:size=70x50",
                "mode emulated:v5:buffers=9",
                "mode emulated:mdpy:tiling=x",
                "mode emulated 1920",
                "mode emulated 1920x",
                "mode emulated 1920x1080@",
                "mode emulated 123456x1080",
                "mode emulated 1920x1080 1280x720",
                "mode emulated --wait soon",
                "mode pid:1 --path group",
                "edid",
                "edid emulated -o",
                "edid emulated -o x --json",
                "edid emulated -o x --raw",
                "edid emulated --force",
                "edid pid:1 --path cdev",
                "mdev",
                "mdev destroy",
                "vcpu",
                "vcpu destroy",
                "vcpu watch",
                "vcpu watch qemu",
                "vcpu watch 0",
                "vcpu watch -1",
                "vcpu watch 4194305",
                "vcpu watch 1 2",
                "vcpu watch 1 --interval 9ms",
                "vcpu watch 1 --interval soon",
                "vcpu watch 1 --for 0s",
                "vcpu watch 1 --look 500us",
                "vcpu watch 1 --look 101ms",
                "vcpu watch 1 --vgpu nonsense",
                "vcpu watch 1 --vgpu emulated:v9",
                "mdev types more",
                "mdev create",
                "mdev create mdpy",
                "mdev create mdpy mdpy-vga --uuid 1",
                "mdev create mdpy mdpy-vga --wait soon",
                "mdev remove",
                "mdev remove nonsense",
                "mdev remove " + ABSENT + " --wait",
                "vcpu simulate more",
                "vcpu simulate --vms 0",
                "vcpu simulate --boost sometimes",
                "vcpu frames more",
                "vcpu frames --overcommit 17",
                "vcpu frames --boost sometimes"
            })
    void aWrongCommandLineIsOneSentenceAHintAndExitCode2(String line) {
        CommandRun run = CommandRun.of(line.isEmpty() ? new String[0] : line.split(" "));
        assertEquals(2, run.exitCode(), run.err());
        assertEquals("", run.out());
        assertEquals(2, run.err().lines().count(), run.err());
        assertTrue(run.err().startsWith("vfio4j: "), run.err());
        assertTrue(run.err().lines().toList().get(1).matches("Try 'vfio4j.* --help'\\."), run.err());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--help",
                "list --help",
                "info --help",
                "watch --help",
                "view --help",
                "serve --help",
                "screenshot --help",
                "frame --help",
                "mode --help",
                "edid --help",
                "mdev --help",
                "vcpu --help",
                "vcpu watch --help",
                "vcpu probe --help",
                "mdev types --help",
                "mdev create --help",
                "mdev remove --help",
                "vcpu simulate --help",
                "vcpu frames --help",
                "help",
                "help watch",
                "help mdev",
                "help vcpu",
                "vcpu help watch",
                "mdev help remove"
            })
    void helpHasExamplesAndSucceeds(String line) {
        CommandRun run = CommandRun.of(line.split(" "));
        assertEquals(0, run.exitCode(), run.err());
        assertEquals("", run.err());
        assertTrue(run.out().contains("Usage: vfio4j"), run.out());
        assertTrue(run.out().contains("Examples:"), run.out());
    }

    private static Stream<CommandSpec> withSubcommands(CommandSpec command) {
        return Stream.concat(
                Stream.of(command),
                command.subcommands().values().stream()
                        .map(CommandLine::getCommandSpec)
                        .flatMap(UsageTest::withSubcommands));
    }

    private static Stream<String> texts(CommandSpec command) {
        UsageMessageSpec usage = command.usageMessage();
        return Stream.concat(
                Stream.of(usage.header(), usage.description(), usage.footer()).flatMap(Stream::of),
                command.args().stream().flatMap(argument -> Stream.of(argument.description())));
    }

    /** picocli takes them for formats, prints those that are none as they are, and complains to the JVM's standard error. */
    @Test
    void everyTextOfTheHelpIsAFormat() {
        CommandSpec vfio4j = new CommandLine(new Vfio4j(LocalHost.REAL, false)).getCommandSpec();
        assertTrue(withSubcommands(vfio4j).flatMap(UsageTest::texts).count() > 100);
        withSubcommands(vfio4j)
                .flatMap(UsageTest::texts)
                .forEach(text -> assertDoesNotThrow(() -> String.format(Locale.ROOT, text), text));
    }

    @Test
    void anArgumentIsCalledAsInTheHelp() {
        CommandRun run = CommandRun.of("mode", "emulated", "1280x720@");
        assertEquals(
                "vfio4j: WIDTHxHEIGHT[@HERTZ]: '1280x720@' is not a mode; write it as 1920x1080 or 1920x1080@75",
                run.err().lines().toList().get(0));
        run = CommandRun.of("info", "nonsense");
        assertTrue(run.err().startsWith("vfio4j: DEVICE: 'nonsense' names no device"), run.err());
    }

    @Test
    void theVersionIsPrinted() {
        CommandRun run = CommandRun.of("--version");
        assertEquals(0, run.exitCode());
        assertTrue(run.out().startsWith("vfio4j "), run.out());
    }

    @Test
    void aFailureIsOneLineOnStandardErrorAndExitCode1() {
        CommandRun run = CommandRun.of("info", ABSENT);
        assertEquals(1, run.exitCode());
        assertEquals("", run.out());
        assertEquals("vfio4j: This is a test; vGPUs are reached elsewhere.\n", run.err());
    }

    @Test
    void verboseShowsTheStackTraceToo() {
        CommandRun run = CommandRun.of("info", ABSENT, "--verbose");
        assertEquals(1, run.exitCode());
        assertTrue(run.err().startsWith("vfio4j: This is a test"), run.err());
        assertTrue(run.err().contains("\tat io.vfio4j.cli."), run.err());
    }

    @Test
    void aDeviceThatIsNotThereIsSaidToBeSo() {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V5)) {
            CommandRun run = CommandRun.on(host, "watch", ABSENT);
            assertEquals(1, run.exitCode());
            assertEquals(1, run.err().lines().count(), run.err());
            assertTrue(run.err().contains("There is no mediated device of this UUID"), run.err());
        }
    }

    @Test
    void aGroupInUseIsSaidToBeSo() {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V5.withBusyGroup(true))) {
            CommandRun run = CommandRun.on(host, "info", host.vgpu().uuid().toString());
            assertEquals(1, run.exitCode());
            assertTrue(run.err().contains("Another process has the group open"), run.err());
            assertEquals(0, host.openDescriptors(), host.openFiles().toString());
        }
    }

    @Test
    void watchingAVgpuThatNeedsItsVmSaysSoAndDoesNotMakeAVmUp() {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V5.withKvmRequired(true))) {
            CommandRun run = CommandRun.on(host, "watch", host.vgpu().uuid().toString());
            assertEquals(1, run.exitCode());
            assertTrue(run.err().contains("only for a process that has the KVM VM"), run.err());
            assertFalse(host.trace().stream().anyMatch(call -> call.contains("KVM_CREATE_VM")), run.err());
            assertEquals(0, host.openDescriptors(), host.openFiles().toString());
        }
    }

    @Test
    void insistingOnTheIrqWhereThereIsNoneFails() {
        CommandRun run = CommandRun.of("watch", "emulated:none", "--policy", "irq", "--virtual");
        assertEquals(1, run.exitCode());
        assertTrue(run.err().contains("no display irq"), run.err());
    }

    @Test
    void wantOfMemoryIsASentence() {
        LocalHost large = () -> {
            throw new OutOfMemoryError("Java heap space");
        };
        CommandRun run = CommandRun.on(large, false, "list");
        assertEquals(1, run.exitCode());
        assertTrue(
                run.err()
                        .matches("vfio4j: out of memory \\(Java heap space\\): Java takes at most \\d+ MiB here;"
                                + " JAVA_TOOL_OPTIONS=-Xmx4g in the environment allows 4 GiB\n"),
                run.err());
    }

    @Test
    void anUnforeseenFailureIsStillOneLine() {
        LocalHost broken = () -> {
            throw new AssertionError("unforeseen\nin two lines");
        };
        CommandRun run = CommandRun.on(broken, false, "list");
        assertEquals(1, run.exitCode());
        assertEquals(1, run.err().lines().count(), run.err());
        assertTrue(run.err().contains("unexpected"), run.err());
    }
}
