package io.vfio4j.cli;

import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.linux.jna.JnaLinux;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;

/**
 * A command line, run in this JVM.
 *
 * @param exitCode what the process would end with
 * @param out what it printed to standard output
 * @param err what it printed to standard error
 */
record CommandRun(int exitCode, String out, String err) {
    /** A machine whose kernel cannot be reached. */
    static final LocalHost NOWHERE = () -> {
        throw new IOException("This is a test; vGPUs are reached elsewhere.");
    };

    static CommandRun of(String... arguments) {
        return on(NOWHERE, false, arguments);
    }

    /** With an emulated host in the place of the machine's own kernel. */
    static CommandRun on(EmulatedHost host, String... arguments) {
        return on(host::systemCalls, false, arguments);
    }

    /** On this machine's own kernel. */
    static CommandRun onRealKernel(String... arguments) {
        return on(JnaLinux::open, false, arguments);
    }

    static CommandRun onTerminal(String... arguments) {
        return on(NOWHERE, true, arguments);
    }

    static CommandRun on(LocalHost host, boolean terminal, String... arguments) {
        return run(new Vfio4j(host, terminal), arguments);
    }

    /** With bytes on standard input and output, which are not text. */
    static CommandRun withBytes(byte[] input, OutputStream output, String... arguments) {
        return run(
                new Vfio4j(NOWHERE, OutputKind.PIPE, OutputKind.PIPE, new ByteArrayInputStream(input), output),
                arguments);
    }

    private static CommandRun run(Vfio4j command, String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int exitCode = command.execute(new PrintWriter(out), new PrintWriter(err), arguments);
        return new CommandRun(exitCode, out.toString(), err.toString());
    }

    List<String> outLines() {
        return out.lines().toList();
    }

    /** Every line is a JSON object. */
    List<Map<String, Object>> json() {
        return out.lines().map(Json::object).toList();
    }

    /** Lines of one type. */
    List<Map<String, Object>> json(String type) {
        return json().stream().filter(line -> type.equals(line.get("type"))).toList();
    }

    /** What a watch printed last. */
    Map<String, Object> summary() {
        List<Map<String, Object>> lines = json();
        Map<String, Object> last = lines.get(lines.size() - 1);
        if (!"summary".equals(last.get("type"))) {
            throw new AssertionError("the last line is no summary: " + last + "; standard error: " + err);
        }
        return last;
    }
}
