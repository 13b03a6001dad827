package io.vfio4j.cli;

import io.vfio4j.kvm.probe.LatencyResult;
import io.vfio4j.kvm.probe.LatencySetup;
import io.vfio4j.kvm.probe.PauseExitReport;
import io.vfio4j.kvm.probe.PauseProbe;
import io.vfio4j.kvm.probe.WaitingLaw;
import io.vfio4j.kvm.probe.YieldProbe;
import java.time.Duration;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** What {@code vcpu probe} prints, for people or for programs. All on one thread. */
interface ProbeReport {

    /** What is going to be measured. */
    record Plan(int vcpuProcessor, int injectorProcessor, int samples, long seed, long tickNanos, Duration expected) {}

    /** A row of the table, with the median that the prediction is based on; empty where nothing is predicted. */
    record Row(LatencyResult result, OptionalLong baseNanos, WaitingLaw law) {
        static final double MEDIAN = 0.5;

        OptionalLong measuredNanos(double probability) {
            return result.quantileNanos(probability);
        }

        OptionalLong predictedNanos(double probability) {
            return baseNanos.isPresent()
                    ? OptionalLong.of(baseNanos.getAsLong() + law.quantileNanos(probability))
                    : OptionalLong.empty();
        }

        /** How far what was measured is from the prediction, as a part of that. */
        OptionalDouble deviation(double probability) {
            OptionalLong measured = measuredNanos(probability);
            OptionalLong predicted = predictedNanos(probability);
            return measured.isPresent() && predicted.isPresent() && predicted.getAsLong() > 0
                    ? OptionalDouble.of((double) measured.getAsLong() / predicted.getAsLong() - 1)
                    : OptionalDouble.empty();
        }
    }

    void begin(Plan plan);

    /** Called between two signals: must not take long. */
    void progress(LatencySetup setup, int signals);

    void row(Row row);

    /** Where it was not ended early. */
    void end();

    void beginYields(int processor, int otherProcessor, Duration length);

    void yields(YieldProbe.Outcome outcome);

    void endYields();

    void beginPauses(PauseExitReport host, int processor, Duration length);

    void pauses(PauseProbe.Outcome outcome);
}
