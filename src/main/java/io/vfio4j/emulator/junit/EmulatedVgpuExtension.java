package io.vfio4j.emulator.junit;

import io.vfio4j.emulator.EmulatedClock;
import io.vfio4j.emulator.EmulatedDialect;
import io.vfio4j.emulator.EmulatedGuest;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.Faults;
import io.vfio4j.emulator.Vgpu;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.SystemCalls;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.platform.commons.support.AnnotationSupport;

/** What {@link EmulatedVgpu} brings along; not registered in any other way. */
@SuppressWarnings("exports") // whoever uses the annotation has JUnit
public final class EmulatedVgpuExtension implements ParameterResolver, AfterEachCallback {
    private static final Map<Class<?>, Function<EmulatedHost, Object>> PARTS = Map.of(
            EmulatedHost.class, host -> host,
            Vgpu.class, EmulatedHost::vgpu,
            EmulatedGuest.class, host -> host.vgpu().guest(),
            EmulatedClock.class, EmulatedHost::clock,
            Faults.class, EmulatedHost::faults,
            SystemCalls.class, EmulatedHost::systemCalls);

    /** A host, its vGPUs from the start, and whether it is to be looked at when the test is over. */
    private record Prepared(EmulatedHost host, List<Vgpu> vgpus, boolean checked) {}

    /** For JUnit. */
    public EmulatedVgpuExtension() {}

    @Override
    public ExtensionContextScope getTestInstantiationExtensionContextScope(ExtensionContext rootContext) {
        return ExtensionContextScope.TEST_METHOD;
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return PARTS.containsKey(parameter.getParameter().getType());
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        if (context.getTestMethod().isEmpty()) {
            throw new ParameterResolutionException(
                    "each test has an emulated host of its own, and there is no test yet: "
                            + parameter.getDeclaringExecutable());
        }
        EmulatedHost host = store(context)
                .getOrComputeIfAbsent(Prepared.class, key -> prepare(annotation(context)), Prepared.class)
                .host();
        return PARTS.get(parameter.getParameter().getType()).apply(host);
    }

    private static ExtensionContext.Store store(ExtensionContext context) {
        return context.getStore(ExtensionContext.Namespace.create(EmulatedVgpuExtension.class, context.getUniqueId()));
    }

    private static EmulatedVgpu annotation(ExtensionContext context) {
        for (Optional<ExtensionContext> at = Optional.of(context);
                at.isPresent();
                at = at.get().getParent()) {
            Optional<EmulatedVgpu> found = at.get()
                    .getElement()
                    .flatMap(element -> AnnotationSupport.findAnnotation(element, EmulatedVgpu.class));
            if (found.isPresent()) {
                return found.get();
            }
        }
        throw new ParameterResolutionException("no @EmulatedVgpu on " + context.getDisplayName());
    }

    private static Prepared prepare(EmulatedVgpu wanted) {
        VgpuProfile profile = wanted.dialect()
                .profile()
                .withKvmRequired(wanted.kvmRequired())
                .withRequestIrq(wanted.requestIrq())
                .withNodes(wanted.nodes())
                .withIommu(wanted.iommu())
                .withMappableDmabufs(wanted.mappableDmabufs())
                .withFormat(wanted.format())
                .withTiling(wanted.tiling())
                .withRefreshRate(wanted.refreshRate())
                .withBoost(wanted.boost())
                .withSeed(wanted.seed());
        if (wanted.overcommit() != 0) {
            profile = profile.withOvercommit(wanted.overcommit());
        }
        if (wanted.width() != 0 || wanted.height() != 0) {
            profile = profile.withSize(wanted.width(), wanted.height());
        }
        if (wanted.count() < 1) {
            throw new ParameterResolutionException("@EmulatedVgpu with " + wanted.count() + " vGPUs");
        }
        EmulatedHost.Builder builder = EmulatedHost.builder();
        for (int i = 0; i < wanted.count(); i++) {
            builder.vgpu(profile);
        }
        if (wanted.realTime()) {
            builder.realTime();
        }
        EmulatedHost host = builder.build();
        host.vgpus().forEach(vgpu -> vgpu.stepped(wanted.stepped()));
        return new Prepared(host, host.vgpus(), wanted.checked());
    }

    @Override
    public void afterEach(ExtensionContext context) {
        Prepared prepared = store(context).remove(Prepared.class, Prepared.class);
        if (prepared == null) {
            return;
        }
        List<String> complaints = complaints(prepared);
        prepared.host().close();
        // A test that has failed has reason enough to leave things open.
        if (prepared.checked()
                && !complaints.isEmpty()
                && context.getExecutionException().isEmpty()) {
            throw new AssertionError("the test " + String.join("; and it ", complaints));
        }
    }

    private static void complain(List<String> complaints, int left, String what) {
        if (left > 0) {
            complaints.add("left " + left + " " + what);
        }
    }

    private static List<String> complaints(Prepared prepared) {
        List<String> complaints = new ArrayList<>();
        EmulatedHost host = prepared.host();
        if (host.openDescriptors() > 0) {
            complaints.add(
                    "left " + host.openDescriptors() + " descriptors open: " + String.join(", ", host.openFiles()));
        }
        complain(complaints, host.mappings(), "mappings");
        complain(complaints, host.imports(), "images imported by the GPU");
        for (Vgpu vgpu : prepared.vgpus()) {
            if (vgpu.forbiddenCalls() > 0) {
                complaints.add("made " + vgpu.forbiddenCalls() + " calls on " + vgpu.name()
                        + " that crash a real kernel, by "
                        + (vgpu.profile().dialect() == EmulatedDialect.MBOCHS
                                ? "VFIO_DEVICE_GET_GFX_DMABUF or by reading BAR 0"
                                : "VFIO_DEVICE_SET_IRQS"));
            }
            if (vgpu.armed() && !vgpu.isOpen()) {
                complaints.add("closed " + vgpu.name() + " with its display irq armed");
            }
            if (vgpu.leakedContexts() > 0) {
                complaints.add("armed the display irq of " + vgpu.name()
                        + " again without disarming it, which loses an eventfd in the driver");
            }
        }
        return complaints;
    }
}
