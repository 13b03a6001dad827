package io.vfio4j.doctor;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.FileStatus;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The device nodes: whose they are, and whether this process may open them. Opens none. */
final class NodeChecks {
    private static final int GROUP_MAY_USE = 0060;

    private final SystemCalls calls;

    NodeChecks(SystemCalls calls) {
        this.calls = calls;
    }

    /** Which nodes a udev rule is about. */
    enum Rule {
        CONTAINER("KERNEL==\"vfio\", SUBSYSTEM==\"misc\", MODE=\"0666\"", "misc"),
        GROUP("SUBSYSTEM==\"vfio\", GROUP=\"%s\", MODE=\"0660\"", "vfio"),
        DEVICE("SUBSYSTEM==\"vfio-dev\", GROUP=\"%s\", MODE=\"0660\"", "vfio-dev"),
        IOMMUFD("KERNEL==\"iommu\", SUBSYSTEM==\"misc\", GROUP=\"%s\", MODE=\"0660\"", "misc"),
        KVM("KERNEL==\"kvm\", SUBSYSTEM==\"misc\", GROUP=\"%s\", MODE=\"0660\"", "misc");

        private final String text;
        private final String subsystem;

        Rule(String text, String subsystem) {
            this.text = text;
            this.subsystem = subsystem;
        }
    }

    /** A node that is there or not, and who may open it. */
    private record Node(String path, Optional<FileStatus> status, Optional<LinuxException> refusal) {}

    private Node look(String path) throws LinuxException {
        FileStatus status;
        try {
            status = calls.status(path);
        } catch (LinuxException e) {
            if (Reading.isAbsence(e)) {
                return new Node(path, Optional.empty(), Optional.empty());
            }
            if (e.errno() == Errno.EACCES) {
                return new Node(path, Optional.empty(), Optional.of(e));
            }
            throw e;
        }
        try {
            calls.checkAccess(path, Access.READ_WRITE);
            return new Node(path, Optional.of(status), Optional.empty());
        } catch (LinuxException e) {
            return new Node(path, Optional.of(status), Optional.of(e));
        }
    }

    /** A node that only some devices need, so that nothing is lost for others without it. */
    Finding wanted(Check check, String path, Rule rule) throws LinuxException {
        Finding finding = required(check, path, rule);
        return finding.state() == Finding.State.PROBLEM ? check.advice(finding.found(), finding.advice()) : finding;
    }

    /** A node that has to be there. */
    Finding required(Check check, String path, Rule rule) throws LinuxException {
        return present(check, path, rule)
                .orElseGet(() -> check.problem(
                        path + " is not there, though the kernel has what it stands for.",
                        "In a container: pass the node in (docker: --device=" + path
                                + "). Elsewhere: see whether devtmpfs is mounted on /dev, and udev runs."));
    }

    /** Empty where there is no such node. */
    Optional<Finding> present(Check check, String path, Rule rule) throws LinuxException {
        Node node = look(path);
        if (node.status().isEmpty() && node.refusal().isEmpty()) {
            return Optional.empty();
        }
        if (node.status()
                .filter(status -> status.kind() != FileStatus.Kind.CHARACTER_DEVICE)
                .isPresent()) {
            return Optional.of(
                    check.problem(
                            path + " is no device node.",
                            "Remove it; the kernel makes the node. (A bind mount of a node that is not there makes a directory.)"));
        }
        return Optional.of(
                node.refusal().isEmpty()
                        ? check.ok(describe(node) + ".")
                        : check.problem(describe(node) + ".", remedy(node, rule)));
    }

    /** All nodes of groups and devices at once. Empty where there are none. */
    Optional<Finding> ofDevices(Check check) throws LinuxException {
        List<Node> nodes = new ArrayList<>();
        for (String name : Reading.names(calls, "/dev/vfio")) {
            if (name.matches("(noiommu-)?\\d{1,9}")) {
                nodes.add(look("/dev/vfio/" + name));
            }
        }
        int groups = nodes.size();
        for (String name : Reading.names(calls, "/dev/vfio/devices")) {
            if (name.matches("(noiommu-)?vfio\\d{1,9}")) {
                nodes.add(look("/dev/vfio/devices/" + name));
            }
        }
        if (nodes.isEmpty()) {
            return Optional.empty();
        }
        List<Node> refused =
                nodes.stream().filter(node -> node.refusal().isPresent()).toList();
        if (refused.isEmpty()) {
            return Optional.of(check.ok(
                    nodes.size() == 1
                            ? describe(nodes.get(0)) + "."
                            : nodes.size() + " nodes, and this process may open each: " + paths(nodes) + "."));
        }
        Rule rule = refused.stream().allMatch(node -> nodes.indexOf(node) >= groups) ? Rule.DEVICE : Rule.GROUP;
        String found = refused.size() == 1
                ? describe(refused.get(0)) + "."
                : "This process may not open " + paths(refused) + " (the first: " + describe(refused.get(0)) + ").";
        String advice = remedy(refused.get(0), rule);
        return Optional.of(refused.size() == nodes.size() ? check.problem(found, advice) : check.advice(found, advice));
    }

    private static String paths(List<Node> nodes) {
        int most = 8;
        List<String> paths = nodes.stream().limit(most).map(Node::path).toList();
        return String.join(", ", paths) + (nodes.size() > most ? " and " + (nodes.size() - most) + " more" : "");
    }

    private String describe(Node node) {
        String whose = node.status()
                .map(status -> mode(status) + " " + Account.userName(calls, status.owner()) + " "
                        + Account.groupName(calls, status.group()))
                .orElse("hidden");
        String may = node.refusal()
                .map(refusal -> "this process" + identity() + " may not open it (" + refusal.errnoName() + ")")
                .orElse("this process may open it");
        return node.path() + ": " + whose + "; " + may;
    }

    private String identity() {
        return Account.ofThisProcess(calls)
                .map(account -> ", as " + account.name(calls) + ",")
                .orElse("");
    }

    /** As ls(1) shows it. */
    private static String mode(FileStatus status) {
        StringBuilder mode = new StringBuilder("c");
        for (int bit = 8; bit >= 0; bit--) {
            mode.append((status.permissions() >>> bit & 1) != 0 ? "xwr".charAt(bit % 3) : '-');
        }
        return mode.toString();
    }

    private String remedy(Node node, Rule rule) {
        boolean denied = node.refusal().filter(e -> e.errno() == Errno.EACCES).isPresent();
        if (!denied) {
            return "Permissions are not the reason. In a container: pass the node in (docker: --device=" + node.path()
                    + "), so that its device control group allows it.";
        }
        if (node.status().isEmpty()) {
            return "A directory on the way may not be searched: see its permissions.";
        }
        FileStatus status = node.status().get();
        Optional<Account> account = Account.ofThisProcess(calls);
        boolean groupMayUse = (status.permissions() & GROUP_MAY_USE) == GROUP_MAY_USE && status.group() != 0;
        String group = groupMayUse ? Account.groupName(calls, status.group()) : "kvm";
        String user = account.map(who -> who.name(calls)).orElse("USER");
        String join = "usermod -aG " + group + " " + user + ", and log in again";
        if (groupMayUse) {
            return "As root: " + join + ".";
        }
        boolean isMember = account.filter(who -> who.groups().stream()
                        .anyMatch(id -> Account.groupName(calls, id).equals(group)))
                .isPresent();
        boolean forGroup = rule.text.contains("%s");
        return "As root, put this line into /etc/udev/rules.d/99-vfio.rules: " + rule.text.replace("%s", group)
                + " and then: udevadm control --reload; udevadm trigger --subsystem-match=" + rule.subsystem + "."
                + (!forGroup || isMember
                        ? ""
                        : " Then " + (Account.groupExists(calls, group) ? "" : "groupadd -r " + group + "; ") + join
                                + ".");
    }
}
