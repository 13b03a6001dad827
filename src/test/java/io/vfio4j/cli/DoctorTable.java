package io.vfio4j.cli;

import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * Prints a table of what the doctor says on this machine and on real kernels with and without each module, as root and as nobody:
 *
 * <pre>{@code
 * mvn test-compile
 * java -cp target/classes:target/test-classes:$(cat target/test-classpath.txt) io.vfio4j.cli.DoctorTable
 * }</pre>
 *
 * <p>Run as root, from the repository; it boots a machine for each kernel (scripts/real-kernel), which takes some minutes. Of the
 * kernels after the first it shows only what the first does not say.
 */
final class DoctorTable {
    private static final String INSIDE = "inside";
    private static final String FIRST = "6.1, all there";

    private final PrintWriter out = new PrintWriter(
            new OutputStreamWriter(new FileOutputStream(FileDescriptor.out), StandardCharsets.UTF_8), true);

    /** What is not ok on the first kernel, for each user and device; the other rows show only what differs. */
    private final Set<String> known = new HashSet<>();

    private DoctorTable() {}

    /** What each machine is started with. */
    private static Map<String, List<String>> machines() {
        Map<String, List<String>> machines = new LinkedHashMap<>();
        machines.put(FIRST, List.of());
        machines.put("6.1, the vGPU wants KVM", List.of("--module", "kvm_required=Y"));
        for (String module : List.of("vfio", "vfio_iommu_type1", "mdev", "kvm")) {
            machines.put("6.1 without " + module, List.of("--without", module));
        }
        machines.put("6.1 without kvm, the vGPU wants it", List.of("--without", "kvm", "--module", "kvm_required=Y"));
        machines.put("6.1 with an IOMMU", List.of("--iommu"));
        machines.put("6.12 with iommufd and cdevs", List.of("--kernel", "cdev"));
        return machines;
    }

    /**
     * Prints the table; or, inside a machine, what it says.
     *
     * @param arguments the names of the rows; all, and this machine, when there are none
     */
    public static void main(String[] arguments) throws Exception {
        DoctorTable table = new DoctorTable();
        if (arguments.length == 2 && arguments[0].equals(INSIDE)) {
            table.inside(arguments[1].equals(FIRST));
            return;
        }
        table.out.println("| kernel | as | looked at | | finding | advice |");
        table.out.println("|---|---|---|---|---|---|");
        if (arguments.length == 0) {
            table.rows("this machine", List.of());
        }
        for (Map.Entry<String, List<String>> machine : machines().entrySet()) {
            if (arguments.length == 0 || List.of(arguments).contains(machine.getKey())) {
                List<String> command = new ArrayList<>(List.of("scripts/real-kernel", "run", "--timeout", "500"));
                command.addAll(machine.getValue());
                command.add("--");
                table.rows(machine.getKey(), command);
            }
        }
    }

    /** Runs ourselves, behind a prefix, and prints what it says that is not ok. */
    private void rows(String machine, List<String> prefix) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(prefix);
        command.addAll(List.of(
                "java",
                "-XX:-UsePerfData",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                DoctorTable.class.getName(),
                INSIDE,
                machine));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        process.getOutputStream().close();
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                boolean exit = line.contains(" | exit ");
                if (machine.equals(FIRST)) {
                    known.add(line);
                }
                if (exit || machine.equals(FIRST) || !known.contains(line)) {
                    out.println("| " + machine + " | " + line);
                }
            }
        }
        if (process.waitFor() != 0) {
            throw new IOException(machine + ": exit code " + process.exitValue());
        }
    }

    private void inside(boolean first) throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("doctor");
        DoctorProcess doctor = new DoctorProcess(directory);
        List<String> subjects = new ArrayList<>(List.of(""));
        Path parent = Path.of("/sys/class/mdev_bus/vgpu_mdev/mdev_supported_types");
        if (Files.exists(parent)) {
            subjects.add(createVgpu(parent));
        }
        subjects.addAll(pciDevices());
        for (String subject : subjects) {
            String name = subject.isEmpty() ? "host" : subject.contains("-") ? "vGPU" : subject;
            show("root", name, doctor.run(arguments(subject)));
            show("nobody", name, doctor.asNobody(arguments(subject)));
        }
        if (first) {
            busy(doctor, subjects.get(1));
        }
        DoctorProcess.root("rm -r " + directory);
    }

    private static String[] arguments(String subject) {
        return subject.isEmpty() ? new String[] {"--json"} : new String[] {subject, "--json"};
    }

    private static String createVgpu(Path parent) throws IOException {
        Files.writeString(Path.of("/sys/module/vgpu_mdev/parameters/dialect"), "v5");
        String uuid = UUID.randomUUID().toString();
        try (Stream<Path> types = Files.list(parent)) {
            Files.writeString(types.sorted().findFirst().orElseThrow().resolve("create"), uuid);
        }
        return uuid;
    }

    /** Of the machine with an IOMMU: a device in a group of its own, and one whose group the host uses. */
    private static List<String> pciDevices() throws IOException {
        List<String> found = new ArrayList<>();
        if (!Files.exists(Path.of("/sys/class/iommu/dmar0"))) {
            return found;
        }
        try (Stream<Path> devices = Files.list(Path.of("/sys/bus/pci/devices"))) {
            for (Path device : devices.sorted().toList()) {
                String id = Files.readString(device.resolve("device")).strip();
                if (List.of("0x11e8", "0x100e").contains(id)) {
                    found.add(device.getFileName().toString());
                }
            }
        }
        return found;
    }

    private void busy(DoctorProcess doctor, String uuid) throws IOException, InterruptedException {
        Path node = node(uuid);
        Process holder = new ProcessBuilder("bash", "-c", "exec 9<>" + node + "; echo open; read -r").start();
        try {
            if (holder.getInputStream().read() != 'o') {
                throw new IOException("bash cannot open " + node);
            }
            show("root", "vGPU that bash has open", doctor.run(uuid, "--json"));
            show("nobody", "vGPU that bash has open", doctor.asNobody(uuid, "--json"));
        } finally {
            holder.destroyForcibly().waitFor();
        }
    }

    private static Path node(String uuid) throws IOException {
        Path group = Path.of("/sys/bus/mdev/devices", uuid, "iommu_group");
        return Path.of("/dev/vfio").resolve(group.toRealPath().getFileName());
    }

    private void show(String user, String subject, CommandRun run) {
        int ok = 0;
        for (Map<String, Object> finding : run.json("finding")) {
            if (finding.get("state").equals("ok")) {
                ok++;
                continue;
            }
            out.println(user + " | " + subject + " | " + finding.get("state") + " | **" + finding.get("title") + "**: "
                    + cell(finding.get("found")) + " | " + cell(finding.get("advice")) + " |");
        }
        out.println(user + " | " + subject + " | exit " + run.exitCode() + " | " + ok + " ok | |");
    }

    private static String cell(Object text) {
        return text == null ? "" : text.toString().replace("|", "\\|");
    }
}
