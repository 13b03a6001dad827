package io.vfio4j.cli;

import io.vfio4j.doctor.Diagnosis;
import io.vfio4j.doctor.Finding;
import io.vfio4j.doctor.Finding.State;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import picocli.CommandLine.Help.Ansi;

/** A diagnosis for people, in ASCII, and for programs. */
final class DiagnosisText {
    private static final int MARK_WIDTH = 7;

    private DiagnosisText() {}

    static void print(PrintWriter out, Ansi ansi, Diagnosis diagnosis) {
        int titleWidth = diagnosis.findings().stream()
                .mapToInt(finding -> finding.title().length())
                .max()
                .orElse(0);
        String indent = " ".repeat(2 + MARK_WIDTH + 2);
        out.println(ascii(diagnosis.subject()));
        for (Finding finding : diagnosis.findings()) {
            String mark = mark(finding.state());
            out.println("  " + coloured(ansi, finding.state(), mark) + " ".repeat(MARK_WIDTH - mark.length() + 2)
                    + finding.title() + " ".repeat(titleWidth - finding.title().length() + 2)
                    + ascii(finding.found()));
            if (!finding.advice().isEmpty()) {
                out.println(indent + "-> " + ascii(finding.advice()));
            }
        }
        out.println();
        out.println(sum(diagnosis));
        out.flush();
    }

    private static String mark(State state) {
        return state.name().toLowerCase(Locale.ROOT);
    }

    private static String coloured(Ansi ansi, State state, String mark) {
        String style = switch (state) {
            case OK -> "green";
            case PROBLEM -> "bold,red";
            case ADVICE -> "yellow";
            case UNKNOWN -> "magenta";
        };
        return ansi.string("@|" + style + " " + mark + "|@");
    }

    /** What is not ASCII would shift columns, and not every terminal shows it. */
    private static String ascii(String text) {
        return text.replaceAll("[^ -~]", "?");
    }

    private static String sum(Diagnosis diagnosis) {
        List<Finding> problems = diagnosis.in(State.PROBLEM);
        String verdict = switch (problems.size()) {
            case 0 -> "Nothing was found to stand in the way";
            case 1 -> "1 problem stands in the way";
            default -> problems.size() + " problems stand in the way";
        };
        String which = problems.stream().map(Finding::title).collect(Collectors.joining(", "));
        return verdict + (which.isEmpty() ? "" : ": " + which) + ". "
                + diagnosis.in(State.OK).size() + " ok, "
                + diagnosis.in(State.ADVICE).size() + " with advice, "
                + diagnosis.in(State.UNKNOWN).size() + " could not be seen.";
    }

    static void print(JsonLines lines, Diagnosis diagnosis) {
        for (Finding finding : diagnosis.findings()) {
            Map<String, Object> line = JsonLines.object("finding");
            line.put("subject", diagnosis.subject());
            line.put("id", finding.id());
            line.put("title", finding.title());
            line.put("state", mark(finding.state()));
            line.put("found", finding.found());
            line.put("advice", finding.advice().isEmpty() ? Optional.empty() : Optional.of(finding.advice()));
            lines.print(line);
        }
        Map<String, Object> line = JsonLines.object("summary");
        line.put("subject", diagnosis.subject());
        line.put("clear", diagnosis.isClear());
        for (State state : State.values()) {
            line.put(mark(state), diagnosis.in(state).size());
        }
        lines.print(line);
    }
}
