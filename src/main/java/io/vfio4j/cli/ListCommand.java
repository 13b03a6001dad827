package io.vfio4j.cli;

import io.vfio4j.emulator.Scenario;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.handover.Handover;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.mdev.MdevParent;
import io.vfio4j.mdev.MdevType;
import io.vfio4j.proc.Holder;
import io.vfio4j.proc.Holders;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code vfio4j list}. */
@Command(
        name = "list",
        description = "Lists the mediated devices of this host, who has them open, and the emulated ones.",
        mixinStandardHelpOptions = true,
        versionProvider = Vfio4j.Version.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  vfio4j list",
            "  vfio4j list --json | jq -r 'select(.type == \"device\").uuid'",
            "",
            "'vfio4j mdev types' lists the devices that could be created.",
            "Opens no device. Where there is no mediated device it says why, and that is no failure."
        })
final class ListCommand implements Callable<Integer> {
    private static final int WIDTH = 116;

    @Spec
    private CommandSpec spec;

    @ParentCommand
    private Vfio4j parent;

    @Option(names = "--json", description = "One JSON object a line.")
    private boolean json;

    /** The devices, or a sentence on why there are none; and whether every process was seen that may have one open. */
    private record Found(List<Listed> devices, Optional<String> whyNone, Optional<String> blindSpot) {
        static Found nothing(String why) {
            return new Found(List.of(), Optional.of(why), Optional.empty());
        }
    }

    /** A device, with what sysfs says of its type and driver, and who has it open. */
    private record Listed(MdevDevice device, String typeName, String driver, List<Holder> users) {
        private String nameOf(Holder user) {
            return new DeviceName.OfProcess(
                            user.pid(), Optional.of(device.uuid().toString()))
                    .text();
        }
    }

    @Override
    public Integer call() {
        Found found = find();
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            printJson(new JsonLines(out), found);
        } else {
            printText(out, found);
        }
        return 0;
    }

    private Found find() {
        try {
            SystemCalls calls = parent.localHost().open();
            List<MdevDevice> devices = MdevDevice.list(calls);
            if (devices.isEmpty()) {
                return Found.nothing(whyNone(calls));
            }
            Holders holders = Holders.find(calls, ListCommand::isOfVfio);
            Map<String, List<Holder>> users = users(calls, holders);
            return new Found(
                    devices.stream()
                            .map(device -> new Listed(
                                    device,
                                    typeName(calls, device),
                                    driver(calls, device),
                                    users.getOrDefault(device.uuid().toString(), List.of())))
                            .toList(),
                    Optional.empty(),
                    holders.blindSpot());
        } catch (IOException e) {
            return Found.nothing(Vfio4j.oneLine(String.valueOf(e.getMessage())));
        }
    }

    private static boolean isOfVfio(String target) {
        return target.startsWith("/dev/vfio/") || target.equals("anon_inode:[vfio-device]");
    }

    /** By the device's name. */
    private static Map<String, List<Holder>> users(SystemCalls calls, Holders holders) {
        Map<String, List<Holder>> users = new HashMap<>();
        for (Holder holder : holders.list()) {
            try {
                Handover.devicesOf(calls, holder.pid())
                        .forEach(name -> users.computeIfAbsent(name, none -> new ArrayList<>())
                                .add(holder));
            } catch (LinuxException ended) {
                // It has nothing open any more.
            }
        }
        return users;
    }

    private static String typeName(SystemCalls calls, MdevDevice device) {
        try {
            return calls.readText(device.path() + "/mdev_type/name").strip();
        } catch (LinuxException optionalAttribute) {
            return "";
        }
    }

    private static String driver(SystemCalls calls, MdevDevice device) {
        try {
            String target = calls.readLink(device.path() + "/driver");
            return target.substring(target.lastIndexOf('/') + 1);
        } catch (LinuxException notBound) {
            return "";
        }
    }

    private static String whyNone(SystemCalls calls) throws LinuxException {
        Optional<String> obstacle = MdevParent.obstacle(calls);
        if (obstacle.isPresent()) {
            return obstacle.get();
        }
        MdevParent parent = MdevParent.list(calls).get(0);
        String type = parent.types(calls).stream()
                .filter(each -> each.availableInstances().orElse(0) > 0)
                .map(MdevType::name)
                .findFirst()
                .orElse("TYPE");
        return "No mediated device was created yet. 'vfio4j mdev types' shows what there can be; for example:"
                + " vfio4j mdev create " + parent.name() + " " + type;
    }

    private static void printText(PrintWriter out, Found found) {
        out.println("Mediated devices of this host");
        found.whyNone().ifPresent(why -> out.println("  " + why));
        for (Listed listed : found.devices()) {
            MdevDevice device = listed.device();
            out.println("  " + device.uuid() + "  " + orDash(device.type())
                    + (listed.typeName().isEmpty() || listed.typeName().equals(device.type())
                            ? ""
                            : " (" + listed.typeName() + ")")
                    + "  parent " + orDash(device.parent()) + "  group " + text(device.group()) + "  driver "
                    + orDash(listed.driver()));
            for (Holder user : listed.users()) {
                out.println("    in use by " + user + "; to look at it beside that: " + listed.nameOf(user));
            }
        }
        found.blindSpot().ifPresent(unseen -> out.println("  " + unseen));
        out.println();
        out.println("Emulated devices, anywhere: emulated[:DIALECT[:ITEM,...]]");
        for (String name : VgpuProfile.names()) {
            out.println(String.format(Locale.ROOT, "  %-22s %s", "emulated:" + name, Dialects.describe(name)));
        }
        out.println("  ITEM is what the guest does: " + String.join(", ", Scenario.labels()) + ";");
        printWrapped(out, "  or one of ", DeviceName.SETTINGS);
        out.println(
                "  overcommit=3 has the guest share 8 processors with two others, so that its vCPUs wait and frames are late;");
        out.println(
                "  boost is whom the host prefers when a vCPU spins, none when left out; the same seed gives the same frames.");
    }

    private static void printWrapped(PrintWriter out, String begin, List<String> words) {
        StringBuilder line = new StringBuilder(begin);
        for (Iterator<String> rest = words.iterator(); rest.hasNext(); ) {
            String word = rest.next() + (rest.hasNext() ? ", " : ".");
            if (line.length() + word.stripTrailing().length() > WIDTH) {
                out.println(line.toString().stripTrailing());
                line = new StringBuilder("  ");
            }
            line.append(word);
        }
        out.println(line);
    }

    private static String orDash(String text) {
        return text.isEmpty() ? "-" : text;
    }

    private static String text(OptionalInt number) {
        return number.isPresent() ? Integer.toString(number.getAsInt()) : "-";
    }

    private static void printJson(JsonLines lines, Found found) {
        for (Listed listed : found.devices()) {
            MdevDevice device = listed.device();
            Map<String, Object> line = JsonLines.object("device");
            line.put("device", device.uuid());
            line.put("uuid", device.uuid());
            line.put("path", device.path());
            line.put("mdev_type", present(device.type()));
            line.put("mdev_type_name", present(listed.typeName()));
            line.put("parent", present(device.parent()));
            line.put("group", device.group());
            line.put("driver", present(listed.driver()));
            line.put(
                    "users",
                    listed.users().stream().map(user -> user(listed, user)).toList());
            line.put("all_processes_seen", found.blindSpot().isEmpty());
            lines.print(line);
        }
        found.whyNone().ifPresent(why -> {
            Map<String, Object> line = JsonLines.object("no-device");
            line.put("reason", why);
            lines.print(line);
        });
        for (String name : VgpuProfile.names()) {
            Map<String, Object> line = JsonLines.object("emulated");
            line.put("device", "emulated:" + name);
            line.put("dialect", name);
            line.put("description", Dialects.describe(name));
            lines.print(line);
        }
    }

    private static Map<String, Object> user(Listed listed, Holder user) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("pid", user.pid());
        line.put("command", present(user.command()));
        line.put("device", listed.nameOf(user));
        return line;
    }

    private static Optional<String> present(String text) {
        return text.isEmpty() ? Optional.empty() : Optional.of(text);
    }
}
