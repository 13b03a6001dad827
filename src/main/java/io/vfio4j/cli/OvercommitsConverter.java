package io.vfio4j.cli;

import io.vfio4j.emulator.VgpuProfile;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** How many guests share a host, several times: {@code 1,2,8} or {@code 1-4}. */
final class OvercommitsConverter implements ITypeConverter<List<Integer>> {
    private static final Pattern PART = Pattern.compile("(\\d{1,9})(?:-(\\d{1,9}))?");

    @Override
    public List<Integer> convert(String text) {
        try {
            return Arrays.stream(text.split(",", -1))
                    .flatMap(part -> range(text, part))
                    .distinct()
                    .toList();
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }

    private static Stream<Integer> range(String text, String part) {
        Matcher form = PART.matcher(part);
        if (!form.matches()) {
            throw new IllegalArgumentException(
                    Words.quoted(text) + " is no list of numbers of guests; write it as 1,2,8 or 1-4");
        }
        int first = checked(form.group(1));
        int last = form.group(2) == null ? first : checked(form.group(2));
        if (last < first) {
            throw new IllegalArgumentException(Words.quoted(part) + " is the wrong way round");
        }
        return IntStream.rangeClosed(first, last).boxed();
    }

    /** What is too many is the emulator's to say. */
    private static int checked(String digits) {
        int guests = Integer.parseInt(digits);
        VgpuProfile.V5.withOvercommit(guests);
        return guests;
    }
}
