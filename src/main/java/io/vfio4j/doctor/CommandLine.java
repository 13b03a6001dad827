package io.vfio4j.doctor;

import io.vfio4j.linux.SystemCalls;
import java.util.Arrays;
import java.util.List;

/**
 * What the kernel was started with. It may hold other people's secrets: only what matches is ever shown.
 *
 * @param words each a parameter
 */
record CommandLine(List<String> words) {
    static CommandLine of(SystemCalls calls) {
        return new CommandLine(
                Arrays.asList(Reading.of(calls, "/proc/cmdline").orEmpty().split("\\s+")));
    }

    List<String> matching(String pattern) {
        return words.stream().filter(word -> word.matches(pattern)).toList();
    }
}
