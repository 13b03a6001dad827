package io.vfio4j.cli;

import io.vfio4j.emulator.study.Calibration;
import io.vfio4j.emulator.study.Cell;
import io.vfio4j.emulator.study.Desktop;
import io.vfio4j.emulator.study.Sensitivity;
import io.vfio4j.emulator.study.Study;
import io.vfio4j.emulator.study.Table;
import io.vfio4j.emulator.study.TableParameters;
import java.util.List;

/** Where a simulation's results go. */
interface StudyOutput {
    /** What is simulated; before it begins. */
    void parameters(TableParameters parameters, boolean frozen, Study.Plan plan);

    void table(Table table);

    void desktop(List<Desktop.Spread> spreads);

    void cells(List<Cell> cells);

    /** Those of so many variations that were simulated in full. */
    void sensitivity(List<Sensitivity> judged, int planned);

    /** What it came to, and what the table is simulated with. */
    void calibration(Calibration.Result result, long frozenKernelNanos);

    /** How long it took, and whether something is missing; last but for the sensitivity. */
    void summary(Study.Result result);
}
