package io.vfio4j.cli;

import io.vfio4j.display.RefreshPolicy;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** {@code auto}, {@code irq}, {@code timer} or {@code timer=PERIOD}. */
final class PolicyText implements ITypeConverter<RefreshPolicy> {
    @Override
    public RefreshPolicy convert(String text) {
        try {
            return parse(text);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }

    static RefreshPolicy parse(String text) {
        return switch (text) {
            case "auto" -> RefreshPolicy.AUTO;
            case "irq" -> RefreshPolicy.IRQ;
            case "timer" -> RefreshPolicy.TIMER;
            default -> {
                if (!text.startsWith("timer=")) {
                    throw new IllegalArgumentException(
                            "there is no policy '" + text + "'; there are auto, irq, timer, and timer=PERIOD");
                }
                yield RefreshPolicy.timer(DurationText.parse(text.substring("timer=".length())));
            }
        };
    }

    /** The form that {@link #parse} reads. */
    static String format(RefreshPolicy policy) {
        if (policy.equals(RefreshPolicy.AUTO)) {
            return "auto";
        }
        if (policy.equals(RefreshPolicy.IRQ)) {
            return "irq";
        }
        return policy.period()
                .map(period -> "timer=" + DurationText.format(period))
                .orElse("timer");
    }
}
