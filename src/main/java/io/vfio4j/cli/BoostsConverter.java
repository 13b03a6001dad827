package io.vfio4j.cli;

import io.vfio4j.emulator.vcpu.Boost;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Policies, by their names: {@code preempted,ready}, or {@code all}. */
final class BoostsConverter implements ITypeConverter<List<Boost>> {
    static final String ALL = "all";

    @Override
    public List<Boost> convert(String text) {
        if (text.equals(ALL)) {
            return List.of(Boost.values());
        }
        try {
            return Arrays.stream(text.split(",", -1))
                    .map(Boost::named)
                    .distinct()
                    .toList();
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage() + ", and " + ALL);
        }
    }
}
