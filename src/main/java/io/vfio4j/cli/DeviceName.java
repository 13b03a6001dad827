package io.vfio4j.cli;

import io.vfio4j.emulator.DeviceNodes;
import io.vfio4j.emulator.EmulatedFormat;
import io.vfio4j.emulator.EmulatedTiling;
import io.vfio4j.emulator.Scenario;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.emulator.vcpu.Boost;
import io.vfio4j.linux.uapi.Sockets;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.HostDevice;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;

/** What a DEVICE argument names. Checked in full before anything is opened, so that no path can hide in it. */
sealed interface DeviceName {
    /** Where {@code watch} looks when it is not told. */
    String DEFAULT = "emulated";

    /** PID_MAX_LIMIT of include/linux/threads.h on 64-bit machines. */
    int PID_LIMIT = 4 * 1024 * 1024;

    /** What can be set of an emulated device. */
    List<String> SETTINGS = List.of(
            "size=WIDTHxHEIGHT",
            "hz=RATE",
            "buffers=COUNT",
            "format=FOURCC",
            "tiling=linear|x|y|yf",
            "mappable[=yes|no]",
            "display=on|off",
            "kvm=yes|no",
            "req=yes|no",
            "nodes=group|cdev|both",
            "overcommit=GUESTS",
            "boost=" + String.join("|", Boost.labels()),
            "seed=NUMBER");

    /** What the names of devices that another process has open begin with. */
    String PID = "pid:";

    String SOCKET = "socket:";

    /** How the device is called in output. */
    String text();

    /** Whether the device is another process's, and only shared with it. */
    default boolean isShared() {
        return this instanceof OfProcess || this instanceof OnSocket;
    }

    /** A mediated device of this host. */
    record Mdev(UUID uuid) implements DeviceName {
        @Override
        public String text() {
            return uuid.toString();
        }
    }

    /** A device that a process of this host has open; which one, where it has several. */
    record OfProcess(int pid, Optional<String> device) implements DeviceName {
        @Override
        public String text() {
            return PID + pid + device.map(name -> "/" + name).orElse("");
        }
    }

    /** A device that is offered on a UNIX socket. */
    record OnSocket(String path) implements DeviceName {
        @Override
        public String text() {
            return SOCKET + path;
        }
    }

    /** A vGPU of an emulated host, and what its guest does. */
    record Emulated(VgpuProfile profile, Scenario scenario, String text) implements DeviceName {}

    /**
     * Reads a name.
     *
     * @throws IllegalArgumentException when it is none, with a sentence that says what there is
     */
    static DeviceName parse(String text) {
        if (text.equals("emulated") || text.startsWith("emulated:")) {
            return EmulatedText.parse(text);
        }
        if (text.startsWith(PID)) {
            return ofProcess(text, text.substring(PID.length()));
        }
        if (text.startsWith(SOCKET)) {
            return onSocket(text, text.substring(SOCKET.length()));
        }
        String uuid = text.startsWith(MdevDevice.BUS + "/") ? text.substring(MdevDevice.BUS.length() + 1) : text;
        if (!MdevDevice.isUuid(uuid)) {
            throw new IllegalArgumentException("'" + text + "' names no device; a DEVICE is"
                    + " emulated[:DIALECT[:ITEM,...]], the UUID of a mediated device, "
                    + MdevDevice.BUS + "/UUID, pid:PID[/UUID], or socket:PATH");
        }
        return new Mdev(UUID.fromString(uuid));
    }

    private static DeviceName ofProcess(String text, String rest) {
        int slash = rest.indexOf('/');
        String pid = slash < 0 ? rest : rest.substring(0, slash);
        if (!pid.matches("[1-9]\\d{0,6}") || Integer.parseInt(pid) >= PID_LIMIT) {
            throw new IllegalArgumentException("'" + text + "': '" + pid
                    + "' is no process's number; write pid:PID or pid:PID/UUID, where PID is 1 to " + (PID_LIMIT - 1));
        }
        Optional<String> device = slash < 0 ? Optional.empty() : Optional.of(rest.substring(slash + 1));
        if (device.filter(name -> !MdevDevice.isUuid(name) && !HostDevice.isPciAddress(name))
                .isPresent()) {
            throw new IllegalArgumentException("'" + text + "': '" + device.get()
                    + "' is neither a UUID nor a PCI address; write pid:PID/UUID, as 'vfio4j list' does");
        }
        return new OfProcess(Integer.parseInt(pid), device.map(name -> name.toLowerCase(Locale.ROOT)));
    }

    private static DeviceName onSocket(String text, String path) {
        if (path.isEmpty() || path.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("'" + text.replace('\0', '?') + "' names no socket; write socket:PATH");
        }
        String absolute =
                path.startsWith("/") ? path : Path.of(path).toAbsolutePath().toString();
        int length = absolute.getBytes(StandardCharsets.UTF_8).length;
        if (length >= Sockets.SockaddrUn.SUN_PATH_SIZE) {
            throw new IllegalArgumentException("'" + text + "': the path of a UNIX socket has at most "
                    + (Sockets.SockaddrUn.SUN_PATH_SIZE - 1) + " bytes; " + absolute + " has " + length);
        }
        return new OnSocket(absolute);
    }

    /** {@code emulated[:DIALECT[:ITEM,...]]}. */
    final class EmulatedText {
        private static final String DEFAULT_DIALECT = "v5";
        /** The one setting that may stand without a value. */
        private static final String MAPPABLE = "mappable";

        private final String text;
        private VgpuProfile profile;
        private Optional<Scenario> scenario = Optional.empty();
        private boolean overcommitted;
        private Optional<String> ofOvercommit = Optional.empty();

        private EmulatedText(String text, VgpuProfile profile) {
            this.text = text;
            this.profile = profile;
        }

        private static Emulated parse(String text) {
            String[] parts = text.split(":", 3);
            EmulatedText parser = new EmulatedText(text, dialect(parts.length > 1 ? parts[1] : DEFAULT_DIALECT));
            String items = parts.length > 2 ? parts[2] : "";
            if (parts.length > 2) {
                for (String item : items.split(",", -1)) {
                    parser.apply(item);
                }
            }
            parser.requireOvercommit();
            Scenario scenario = parser.scenario.orElse(Scenario.FLIP);
            String settings = Arrays.stream(items.split(","))
                    .map(item -> item.equals(MAPPABLE) ? MAPPABLE + "=yes" : item)
                    .filter(item -> item.contains("="))
                    .map(item -> "," + item)
                    .collect(Collectors.joining());
            String canonical = "emulated:" + parser.profile.name() + ":" + scenario.label() + settings;
            return new Emulated(parser.profile, scenario, canonical);
        }

        private static VgpuProfile dialect(String name) {
            if (!VgpuProfile.names().contains(name)) {
                throw new IllegalArgumentException("there is no emulated dialect '" + name + "'; there are "
                        + String.join(", ", VgpuProfile.names()));
            }
            return VgpuProfile.named(name);
        }

        private void apply(String item) {
            int equals = item.indexOf('=');
            if (equals >= 0) {
                set(item, item.substring(0, equals), item.substring(equals + 1));
                return;
            }
            if (item.equals(MAPPABLE)) {
                profile = withMappable(true);
                return;
            }
            if (!Scenario.labels().contains(item)) {
                throw unknown(item);
            }
            if (scenario.isPresent()) {
                throw new IllegalArgumentException("'" + text + "' has two scenarios; a guest plays one");
            }
            scenario = Optional.of(Scenario.named(item));
        }

        private void set(String item, String key, String value) {
            try {
                profile = switch (key) {
                    case "size" -> withSize(value);
                    case "hz" -> profile.withRefreshRate(Integer.parseInt(value));
                    case "buffers" -> profile.withBuffers(Integer.parseInt(value));
                    case "format" -> profile.withFormat(EmulatedFormat.named(value));
                    case "tiling" -> profile.withTiling(EmulatedTiling.named(value));
                    case MAPPABLE -> withMappable(yesOrNo(value));
                    case "display" -> profile.withDisplayOff(!onOrOff(value));
                    case "kvm" -> profile.withKvmRequired(yesOrNo(value));
                    case "req" -> profile.withRequestIrq(yesOrNo(value));
                    case "nodes" -> profile.withNodes(nodes(value));
                    case "overcommit" -> withOvercommit(Integer.parseInt(value));
                    case "boost" -> profile.withBoost(ofOvercommit(item, Boost.named(value)));
                    case "seed" -> profile.withSeed(ofOvercommit(item, Long.parseLong(value)));
                    default -> throw unknown(item);
                };
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException("'" + item + "': '" + value + "' is not a number", e);
            }
        }

        private VgpuProfile withOvercommit(int guests) {
            overcommitted = true;
            return profile.withOvercommit(guests);
        }

        private <T> T ofOvercommit(String item, T value) {
            ofOvercommit = Optional.of(item);
            return value;
        }

        /** A guest that answers at once has nothing to boost, and nothing random. */
        private void requireOvercommit() {
            if (ofOvercommit.isPresent() && !overcommitted) {
                throw new IllegalArgumentException("'" + text + "': '" + ofOvercommit.get()
                        + "' says nothing without overcommit=GUESTS, how many guests share the host");
            }
        }

        /** Where the screen is: in a region, or in dma-bufs. */
        private VgpuProfile withMappable(boolean mappable) {
            return switch (profile.dialect()) {
                case MDPY -> profile.withMappableRegions(mappable);
                case MBOCHS -> profile.withReadOnlyDmabufs(!mappable);
                default -> profile.withMappableDmabufs(mappable);
            };
        }

        private static boolean onOrOff(String value) {
            return switch (value) {
                case "on" -> true;
                case "off" -> false;
                default -> throw new IllegalArgumentException("'" + value + "' is neither on nor off");
            };
        }

        private VgpuProfile withSize(String value) {
            if (!value.matches("\\d{1,9}x\\d{1,9}")) {
                throw new IllegalArgumentException("'" + value + "' is not a size; write it as 1920x1080");
            }
            int x = value.indexOf('x');
            return profile.withSize(Integer.parseInt(value.substring(0, x)), Integer.parseInt(value.substring(x + 1)));
        }

        private static DeviceNodes nodes(String value) {
            return Arrays.stream(DeviceNodes.values())
                    .filter(nodes -> nodes.label().equals(value))
                    .findFirst()
                    .orElseThrow(() ->
                            new IllegalArgumentException("'" + value + "' is none of the nodes group, cdev and both"));
        }

        private static boolean yesOrNo(String value) {
            return switch (value) {
                case "yes" -> true;
                case "no" -> false;
                default -> throw new IllegalArgumentException("'" + value + "' is neither yes nor no");
            };
        }

        private IllegalArgumentException unknown(String item) {
            return new IllegalArgumentException("'" + text + "' has an unknown item '" + item + "'; there are "
                    + String.join(", ", Scenario.labels()) + "; and " + String.join(", ", SETTINGS));
        }
    }
}
