package io.vfio4j.cli;

import io.vfio4j.linux.SystemCalls;
import io.vfio4j.mdev.GvtDescription;
import io.vfio4j.mdev.MdevParent;
import io.vfio4j.mdev.MdevType;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code vfio4j mdev types}. */
@Command(
        name = "types",
        description = "Lists the devices that mediated devices can be created on, their types, and how many are left.",
        mixinStandardHelpOptions = true,
        versionProvider = Vfio4j.Version.class,
        footerHeading = "%nExamples:%n",
        footer = {
            "  vfio4j mdev types",
            "  vfio4j mdev types --json | jq -r 'select(.available_instances > 0).mdev_type'",
            "",
            "A device of one type may take the room of others: 'left' holds as long as nothing is created.",
            "Where there is no such device it says why, and that is no failure."
        })
final class MdevTypesCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @ParentCommand
    private MdevCommand parent;

    @Option(names = "--json", description = "One JSON object a line: one for each type.")
    private boolean json;

    /** A parent and what it offers. */
    private record Offer(MdevParent parent, List<MdevType> types) {}

    @Override
    public Integer call() throws IOException {
        SystemCalls calls = parent.localHost().open();
        List<Offer> offers = new ArrayList<>();
        for (MdevParent each : MdevParent.list(calls)) {
            offers.add(new Offer(each, each.types(calls)));
        }
        Optional<String> obstacle = MdevParent.obstacle(calls);
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            printJson(new JsonLines(out), offers, obstacle);
        } else {
            printText(out, offers);
            obstacle.ifPresent(out::println);
        }
        return 0;
    }

    private static void printText(PrintWriter out, List<Offer> offers) {
        for (Offer offer : offers) {
            out.println(offer.parent().name()
                    + offer.parent()
                            .driver()
                            .map(driver -> "  driver " + driver)
                            .orElse(""));
            if (offer.types().isEmpty()) {
                out.println("  offers no types");
            }
            int width = offer.types().stream()
                    .mapToInt(type -> type.name().length())
                    .max()
                    .orElse(1);
            for (MdevType type : offer.types()) {
                String line = String.format(
                        Locale.ROOT,
                        "  %-" + width + "s  %9s  %-9s  %s",
                        type.name(),
                        left(type.availableInstances()),
                        type.deviceApi().map(Vfio4j::oneLine).orElse("-"),
                        what(type));
                out.println(line.stripTrailing());
            }
        }
    }

    private static String left(OptionalLong instances) {
        if (instances.isEmpty()) {
            return "? left";
        }
        return instances.getAsLong() == 0 ? "none left" : instances.getAsLong() + " left";
    }

    /** What the type is, in a line. */
    private static String what(MdevType type) {
        List<String> parts = new ArrayList<>();
        type.label()
                .map(Vfio4j::oneLine)
                .filter(label -> !type.name().endsWith(label))
                .ifPresent(parts::add);
        if (type.gvt().isPresent()) {
            parts.addAll(gvt(type.gvt().get()));
        } else {
            type.description()
                    .map(text -> text.lines().map(String::strip).collect(Collectors.joining("; ")))
                    .ifPresent(parts::add);
        }
        return String.join(", ", parts);
    }

    private static List<String> gvt(GvtDescription gvt) {
        List<String> parts = new ArrayList<>();
        gvt.resolution().ifPresent(resolution -> parts.add(resolution.toString()));
        gvt.weight().ifPresent(weight -> parts.add("weight " + weight + " of " + GvtDescription.WHOLE_WEIGHT));
        gvt.lowGraphicsMegabytes().ifPresent(low -> parts.add(low + " MiB mappable"));
        gvt.highGraphicsMegabytes().ifPresent(high -> parts.add(high + " MiB other graphics memory"));
        gvt.fences().ifPresent(fences -> parts.add(fences + " fences"));
        return parts;
    }

    private static void printJson(JsonLines lines, List<Offer> offers, Optional<String> obstacle) {
        for (Offer offer : offers) {
            for (MdevType type : offer.types()) {
                lines.print(json(type));
            }
        }
        obstacle.ifPresent(why -> {
            Map<String, Object> line = JsonLines.object("no-parent");
            line.put("reason", why);
            lines.print(line);
        });
    }

    private static Map<String, Object> json(MdevType type) {
        Map<String, Object> line = JsonLines.object("mdev-type");
        line.put("parent", type.parent().name());
        line.put("parent_driver", type.parent().driver());
        line.put("mdev_type", type.name());
        line.put("mdev_type_name", type.label());
        line.put("path", type.path());
        line.put("device_api", type.deviceApi());
        line.put("available_instances", type.availableInstances());
        line.put("description", type.description());
        line.put("gvt", type.gvt().map(MdevTypesCommand::json));
        return line;
    }

    private static Map<String, Object> json(GvtDescription gvt) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("width", size(gvt.resolution().map(GvtDescription.Resolution::width)));
        members.put("height", size(gvt.resolution().map(GvtDescription.Resolution::height)));
        members.put("weight", gvt.weight());
        members.put("low_graphics_mib", gvt.lowGraphicsMegabytes());
        members.put("high_graphics_mib", gvt.highGraphicsMegabytes());
        members.put("fences", gvt.fences());
        return members;
    }

    private static OptionalInt size(Optional<Integer> pixels) {
        return pixels.map(OptionalInt::of).orElse(OptionalInt.empty());
    }
}
