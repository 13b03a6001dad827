package io.vfio4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.mdev.MdevDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the doctor says on a real kernel, and that its advice, followed word for word, puts things right. */
@Tag("real-kernel")
@Tag("real-kernel-cdev")
class RealDoctorTest {
    private static final Path PARAMETERS = Path.of("/sys/module/vgpu_mdev/parameters");

    @TempDir
    private Path directory;

    private String uuid = "";

    private static void parameter(String name, String value) throws IOException {
        Files.writeString(PARAMETERS.resolve(name), value);
    }

    private String create(String parent, String type) throws IOException {
        uuid = UUID.randomUUID().toString();
        try (Stream<Path> types = Files.list(Path.of("/sys/class/mdev_bus", parent, "mdev_supported_types"))) {
            Path chosen = types.filter(path -> path.getFileName().toString().contains(type))
                    .sorted()
                    .findFirst()
                    .orElseThrow();
            Files.writeString(chosen.resolve("create"), uuid);
        }
        return uuid;
    }

    private String createVgpu(String dialect) throws IOException {
        parameter("dialect", dialect);
        return create("vgpu_mdev", "");
    }

    @AfterEach
    void remove() throws IOException {
        if (!uuid.isEmpty()) {
            Files.writeString(Path.of(MdevDevice.BUS, uuid, "remove"), "1");
        }
        parameter("kvm_required", "N");
    }

    private static String state(CommandRun run, String id) {
        return (String) DoctorProcess.finding(run, id).get("state");
    }

    private static String found(CommandRun run, String id) {
        return (String) DoctorProcess.finding(run, id).get("found");
    }

    @ParameterizedTest
    @CsvSource({
        "v2, 'v2, irq 5 and 6, not maskable, tells planes.'",
        "v3, 'v3, irq 5, maskable, does not tell planes.'",
        "v4, 'v4, irq 5, maskable, tells planes.'",
        "v5, 'v5, irq 5, maskable, tells planes.'",
        "v6, 'v6, irq 5, maskable, tells planes.'",
        "pageflip, 'pageflip, irq 5, maskable, does not tell planes.'",
        "port, 'port, irq 5, maskable, does not tell planes.'",
        "port-display, 'port-display, irq 5, maskable, tells planes.'"
    })
    void aVgpuIsClearAndTellsItsDialect(String dialect, String text) throws IOException {
        CommandRun run = CommandRun.onRealKernel("doctor", createVgpu(dialect), "--json");
        assertEquals(0, run.exitCode(), run.out());
        assertEquals("Dialect " + text, found(run, "display-irq"));
        assertEquals("ok", state(run, "free"), run.out());
        assertEquals(
                "0",
                Files.readString(Path.of(MdevDevice.BUS, uuid, "vgpu/forbidden_calls"))
                        .strip());
        assertEquals(0, CommandRun.onRealKernel("doctor").exitCode());
    }

    @ParameterizedTest
    @CsvSource({"mdpy, xga, ok, in a region", "mbochs, '', ok, as dma-bufs", "mtty, '', advice, The device has none"})
    void theKernelsSamplesAreToldApart(String parent, String type, String state, String text) throws IOException {
        CommandRun run = CommandRun.onRealKernel("doctor", create(parent, type), "--json");
        assertEquals(0, run.exitCode(), run.out());
        assertEquals(state, state(run, "display"), run.out());
        assertTrue(found(run, "display").contains(text), run.out());
        assertTrue(found(run, "display-irq").contains("The device has none"), run.out());
    }

    @Test
    void aVgpuThatWantsKvmIsOpenedWithABareVmAndTheAdviceBringsKvmBack() throws Exception {
        parameter("kvm_required", "Y");
        createVgpu("v5");
        CommandRun run = CommandRun.onRealKernel("doctor", uuid, "--json");
        assertEquals(0, run.exitCode(), run.out());
        assertEquals("advice", state(run, "kvm-needed"));
        assertTrue(found(run, "opening").contains("a bare one was made"), run.out());
        assertTrue(found(run, "display-irq").startsWith("Dialect v5"), run.out());

        DoctorProcess.root("rmmod kvm_amd");
        CommandRun without = CommandRun.onRealKernel("doctor", uuid, "--json");
        assertEquals(1, without.exitCode(), without.out());
        assertEquals("problem", state(without, "kvm"));
        assertEquals(List.of("modprobe kvm_amd"), followed(without, "kvm"));
        CommandRun again = CommandRun.onRealKernel("doctor", uuid, "--json");
        assertEquals(0, again.exitCode(), again.out());
        assertEquals("ok", state(again, "kvm"));
    }

    private static List<String> followed(CommandRun run, String id) throws IOException, InterruptedException {
        return DoctorProcess.follow(DoctorProcess.finding(run, id)).stream()
                .map(command -> command.replaceFirst("echo \\S+ > /etc/modules-load.d/.*", "persist"))
                .filter(command -> !command.equals("persist"))
                .toList();
    }

    @Test
    void theAdviceBringsTheIommuBackendBack() throws Exception {
        boolean cdev = Files.exists(Path.of("/dev/iommu"));
        if (cdev) {
            // Built in, both of them: there is nothing that could be missing.
            assertEquals("ok", state(CommandRun.onRealKernel("doctor", "--json"), "vfio-iommu"));
            return;
        }
        createVgpu("v6");
        DoctorProcess.root("rmmod vfio_iommu_type1");
        CommandRun run = CommandRun.onRealKernel("doctor", uuid, "--json");
        assertEquals(1, run.exitCode(), run.out());
        assertEquals("problem", state(run, "vfio-iommu"));
        assertEquals("unknown", state(run, "opening"));
        assertEquals(List.of("modprobe vfio_iommu_type1"), followed(run, "vfio-iommu"));
        CommandRun again = CommandRun.onRealKernel("doctor", uuid, "--json");
        assertEquals(0, again.exitCode(), again.out());
        assertEquals("ok", state(again, "opening"));
    }

    /** There is no udev here; so what its rule says is done by hand. */
    @Test
    void theUdevRuleAndTheGroupLetNobodyIn() throws Exception {
        createVgpu("v5");
        DoctorProcess doctor = new DoctorProcess(directory);
        CommandRun denied = doctor.asNobody(uuid, "--json");
        assertEquals(1, denied.exitCode(), denied.out() + denied.err());
        Map<String, Object> node = DoctorProcess.finding(denied, "node-device");
        assertEquals("problem", node.get("state"), denied.out());
        assertEquals("unknown", state(denied, "opening"));
        followRule(node);
        if (Files.exists(Path.of("/dev/iommu"))) {
            followRule(DoctorProcess.finding(denied, "node-iommu"));
        }
        CommandRun allowed = doctor.asNobody(uuid, "--json");
        assertEquals(0, allowed.exitCode(), allowed.out() + allowed.err());
        assertEquals("ok", state(allowed, "node-device"));
        assertEquals("ok", state(allowed, "opening"));
        assertTrue(found(allowed, "display-irq").startsWith("Dialect v5"), allowed.out());
    }

    private static void followRule(Map<String, Object> finding) throws IOException, InterruptedException {
        String advice = (String) finding.get("advice");
        String found = (String) finding.get("found");
        Matcher rule = Pattern.compile("GROUP=\"(\\w+)\", MODE=\"(\\d+)\"").matcher(advice);
        assertTrue(rule.find(), advice);
        Matcher members = Pattern.compile("Then ((groupadd .*; )?usermod -aG \\w+ \\w+), and log in again")
                .matcher(advice);
        if (members.find()) {
            DoctorProcess.root(members.group(1).replace("groupadd -r", "groupadd -f -r"));
        }
        String path = found.substring(0, found.indexOf(':'));
        DoctorProcess.root("chgrp " + rule.group(1) + " " + path + " && chmod " + rule.group(2) + " " + path);
    }

    @Test
    void aHigherLimitForLockedMemoryIsSeen() throws Exception {
        DoctorProcess doctor = new DoctorProcess(directory);
        List<String> nobody = List.of(
                "setpriv", "--reuid=" + DoctorProcess.NOBODY, "--regid=" + DoctorProcess.NOBODY, "--clear-groups");
        CommandRun low = doctor.run(
                Stream.concat(Stream.of("prlimit", "--memlock=65536:unlimited"), nobody.stream())
                        .toList(),
                "--json");
        assertEquals("advice", state(low, "memlock"), low.out() + low.err());
        String advice = (String) DoctorProcess.finding(low, "memlock").get("advice");
        Matcher command = Pattern.compile("ulimit -l unlimited").matcher(advice);
        assertTrue(command.find(), advice);
        CommandRun raised = doctor.run(
                Stream.concat(Stream.of("bash", "-c", command.group() + "; exec \"$@\"", "doctor"), nobody.stream())
                        .toList(),
                "--json");
        assertEquals("ok", state(raised, "memlock"), raised.out() + raised.err());
        assertEquals("Unlimited.", found(raised, "memlock"));
    }

    @Test
    void whoHasADeviceIsNamedUntilItIsGivenBack() throws Exception {
        createVgpu("v5");
        Path path = Path.of(MdevDevice.BUS, uuid, "iommu_group").toRealPath();
        Process holder = new ProcessBuilder(
                        "bash", "-c", "exec 9<>/dev/vfio/" + path.getFileName() + "; echo open; read -r")
                .start();
        try {
            assertEquals('o', holder.getInputStream().read());
            CommandRun run = CommandRun.onRealKernel("doctor", uuid, "--json");
            assertEquals(1, run.exitCode(), run.out());
            assertEquals("It is open in " + holder.pid() + " (bash).", found(run, "free"));
            assertEquals("unknown", state(run, "display"));
        } finally {
            holder.destroyForcibly().waitFor();
        }
        assertEquals(0, CommandRun.onRealKernel("doctor", uuid, "--json").exitCode());
    }
}
