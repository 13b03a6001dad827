package io.vfio4j.emulator.study;

import io.vfio4j.emulator.study.Comparison.Place;
import io.vfio4j.emulator.study.Table.Row;
import io.vfio4j.emulator.vcpu.Boost;
import io.vfio4j.emulator.vcpu.Outcome.Yields;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What stands beside a cell: what of it the model reproduces, and where it does not, what is known of the reason. Chosen by what came out: nothing
 * is called reproduced without the check of {@link Comparison}, and each number in the text is measured.
 */
final class Remark {
    /** How close to the bound the model without yields has to be: the requirement on the closed form. */
    private static final double CLOSED_FORM = 0.03;
    /** How close a published number is to the bound when it is said to be at it. */
    private static final double AT_BOUND = 0.25;

    private static final double NEGLIGIBLE = 0.01;
    private static final String LACKING =
            "The model has no hyper-threads that share a core, no periodic balancing, no mmap_sem on which tasks sleep,"
                    + " no timers in the guests; which of them matters was not measured.";

    private Remark() {}

    static String on(Row row, List<Cell> cells) {
        if (row.perMachine().isEmpty()) {
            return row.boost() == Boost.NONE ? closedForm(row) : "";
        }
        if (row.machines() == 1 && row.lock() == TableParameters.LOCK) {
            return row.boost() == Boost.PREEMPTED ? calibrated(row) : alone(row, cells);
        }
        return several(row);
    }

    private static String closedForm(Row row) {
        if (row.withoutYield().isEmpty()) {
            return "";
        }
        double bound = row.withoutYield().getAsDouble();
        double deviation = row.cell().recordsPerMachine().mean() / bound - 1;
        return Math.abs(deviation) <= CLOSED_FORM
                ? text("The closed form holds: %+.1f %%.", 100 * deviation)
                : text(
                        "The closed form is missed by %+.1f %%: it wants every shootdown to wait for a whole round of all guests.",
                        100 * deviation);
    }

    private static String calibrated(Row row) {
        Comparison comparison = row.perMachine().orElseThrow();
        boolean frozen = row.cell().experiment().setup().host().hertz() == TableParameters.HERTZ;
        return comparison.place() == Place.WITHIN || comparison.place() == Place.UNKNOWN
                ? frozen
                        ? "Calibrated to this cell: no evidence."
                        : text("Calibrated to this cell at %d Hz: no evidence.", TableParameters.HERTZ)
                : text(
                        "Calibrated to this cell with other parameters than these: %.2f of it here.",
                        comparison.ratio());
    }

    private static String alone(Row row, List<Cell> cells) {
        Published first = Published.FIRST_VERSION;
        String published = text(
                "Published as %+.1f %%, and as %+.1f %% in the first version of the series.",
                Published.TABLE.get(0).percent(), first.percent());
        Optional<Cell> before = Table.find(cells, 1, Boost.PREEMPTED, row.lock());
        if (before.isEmpty()) {
            return published;
        }
        double change = row.cell().recordsPerMachine().mean()
                        / before.get().recordsPerMachine().mean()
                - 1;
        String model = Math.abs(change) <= NEGLIGIBLE
                ? "A guest that is alone has nobody to yield to: the series changes nothing in the model."
                : text("The series changes it by %+.1f %% in the model.", 100 * change);
        return place(row) + " " + model + " " + published;
    }

    private static String several(Row row) {
        StringBuilder text = new StringBuilder(place(row));
        Place place = row.perMachine().orElseThrow().place();
        if (place == Place.WITHIN || place == Place.UNKNOWN) {
            return text.toString();
        }
        Published.Range published = row.perMachine().orElseThrow().published();
        row.withoutYield().ifPresent(bound -> {
            double deviation = published.middle() / bound - 1;
            if (Math.abs(deviation) <= AT_BOUND) {
                text.append(text(
                        " The published number is at the bound without yields (%.0f, %+.0f %%), as if none had helped.",
                        bound, 100 * deviation));
            } else if (row.fairShare().isPresent()) {
                text.append(text(
                        " The published number is %.0f %% of the fair share.",
                        100 * published.middle() / row.fairShare().getAsDouble()));
            }
        });
        return text.append(' ')
                .append(inTheModel(row))
                .append(' ')
                .append(LACKING)
                .toString();
    }

    private static String inTheModel(Row row) {
        long successful = row.cell().yields(Yields::successful);
        if (successful == 0) {
            return "In the model no yield succeeds.";
        }
        return text(
                "In the model %.0f yields a second succeed, %.0f %% of them towards whom the spinning vCPU waits for;"
                        + " half of the shootdowns take %.2f ms or less.",
                row.cell().yieldsPerSecond(Yields::successful).mean(),
                100.0 * row.cell().yields(Yields::toWanted) / successful,
                row.cell().shootdowns().percentile(50) / 1e6);
    }

    private static String place(Row row) {
        Comparison perMachine = row.perMachine().orElseThrow();
        Comparison summed = row.summed().orElseThrow();
        String one = reading(perMachine);
        if (row.machines() == 1) {
            return capitalized(one) + ".";
        }
        return text("Read per VM %s; read as the sum %s.", one, reading(summed));
    }

    private static String reading(Comparison comparison) {
        String verdict = switch (comparison.place()) {
            case WITHIN -> "reproduced";
            case ABOVE, BELOW -> "not reproduced";
            case UNKNOWN -> "not judged, as one run has no interval";
        };
        return text("%s (%.2f of it)", verdict, comparison.ratio());
    }

    private static String capitalized(String sentence) {
        return sentence.substring(0, 1).toUpperCase(Locale.ROOT) + sentence.substring(1);
    }

    private static String text(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
