package io.vfio4j.cli;

import java.io.PrintWriter;
import java.util.DoubleSummaryStatistics;
import java.util.LinkedHashMap;
import java.util.Map;

/** A study of frames for programs. */
final class FrameJson implements FrameOutput {
    private final JsonLines lines;

    FrameJson(PrintWriter out) {
        lines = new JsonLines(out);
    }

    @Override
    public void begin(FrameStudy study) {
        Map<String, Object> object = JsonLines.object("parameters");
        object.put("device", FrameStudy.DEVICE);
        object.put("seeds", study.plan().seeds());
        object.put("first_seed", study.plan().firstSeed());
        object.put("measured_ns", study.plan().measured().toNanos());
        object.put("vblank_ns", FrameStudy.VBLANK_NANOS);
        object.put("workload", "assumed");
        lines.print(object);
    }

    @Override
    public void result(FrameStudy.Result result) {
        for (FrameStudy.Row row : result.rows()) {
            Map<String, Object> object = row(row);
            object.put("by_seed", row.runs().stream().map(FrameJson::seeded).toList());
            lines.print(object);
        }
        Map<String, Object> summary = JsonLines.object("summary");
        summary.put("complete", result.complete());
        summary.put("host_ns", result.hostNanos());
        lines.print(summary);
    }

    /** All seeds together. */
    static Map<String, Object> row(FrameStudy.Row row) {
        Map<String, Object> object = JsonLines.object("frames");
        object.put("overcommit", row.watched().overcommit());
        object.put("boost", row.watched().boost().label());
        object.put("runs", row.runs().size());
        object.putAll(EventJson.frames(row.pooled().summary()));
        object.put("missed_share", missedShare(row.missedShare()));
        return object;
    }

    private static Map<String, Object> missedShare(DoubleSummaryStatistics share) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("mean", StudyJson.number(share.getAverage()));
        object.put("lowest", StudyJson.number(share.getMin()));
        object.put("highest", StudyJson.number(share.getMax()));
        return object;
    }

    private static Map<String, Object> seeded(FrameStudy.Seeded run) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("seed", run.seed());
        object.putAll(EventJson.frames(run.frames().summary()));
        return object;
    }
}
