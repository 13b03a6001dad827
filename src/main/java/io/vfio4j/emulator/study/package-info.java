/**
 * What the model of {@link io.vfio4j.emulator.vcpu} says, over many seeds: runs on several threads whose results do not depend on the threads,
 * intervals of confidence, bounds, and the published numbers of the series "KVM: Boost vCPUs that are delivering interrupts" to compare with.
 *
 * <p>Start with {@link io.vfio4j.emulator.study.Study}, or with {@link io.vfio4j.emulator.study.Table} for the published table:
 *
 * <pre>{@code
 * List<Experiment> experiments = Table.experiments(TableParameters.FROZEN, List.of(Boost.values()));
 * Study.Result result = new Study(experiments, Study.Plan.DEFAULTS).run(Study.Progress.NONE, () -> false);
 * Table table = Table.of(result.cells());
 * }</pre>
 *
 * <p>This package needs org.hdrhistogram:HdrHistogram, which is an optional dependency of vfio4j: who uses it adds that to his own.
 */
package io.vfio4j.emulator.study;
