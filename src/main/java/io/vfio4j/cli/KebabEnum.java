package io.vfio4j.cli;

import io.vfio4j.emulator.vcpu.HostScheduler;
import io.vfio4j.emulator.vcpu.SpinLock;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A constant by its name on the command line, such as {@code round-robin}. */
class KebabEnum<T extends Enum<T>> implements ITypeConverter<T> {
    private final Class<T> type;

    private KebabEnum(Class<T> type) {
        this.type = type;
    }

    /** How a host schedules. */
    static final class Scheduler extends KebabEnum<HostScheduler> {
        Scheduler() {
            super(HostScheduler.class);
        }
    }

    /** A guest's spin lock. */
    static final class Lock extends KebabEnum<SpinLock> {
        Lock() {
            super(SpinLock.class);
        }
    }

    static String label(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    @Override
    public T convert(String text) {
        return Arrays.stream(type.getEnumConstants())
                .filter(constant -> label(constant).equals(text.toLowerCase(Locale.ROOT)))
                .findFirst()
                .orElseThrow(() -> new TypeConversionException(Words.quoted(text) + " is none of "
                        + Arrays.stream(type.getEnumConstants())
                                .map(KebabEnum::label)
                                .collect(Collectors.joining(", "))));
    }
}
