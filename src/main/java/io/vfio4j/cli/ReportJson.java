package io.vfio4j.cli;

import io.vfio4j.display.irq.DisplayIrqInfo;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.AttachPath;
import io.vfio4j.vfio.Bytes;
import io.vfio4j.vfio.Capability;
import io.vfio4j.vfio.DeviceOwner;
import io.vfio4j.vfio.HostDevice;
import io.vfio4j.vfio.IrqInfo;
import io.vfio4j.vfio.Plane;
import io.vfio4j.vfio.PlaneAccess;
import io.vfio4j.vfio.RegionInfo;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** A report as one JSON object. */
final class ReportJson {
    private final DeviceReport report;
    private final boolean raw;

    ReportJson(DeviceReport report, boolean raw) {
        this.report = report;
        this.raw = raw;
    }

    Map<String, Object> object() {
        Map<String, Object> all = JsonLines.object("info");
        all.put("device", report.name());
        Optional<MdevDevice> mdev = report.device().mdev();
        all.put("path", mdev.map(MdevDevice::path));
        all.put("mdev_type", mdev.map(MdevDevice::type));
        all.put("parent", mdev.map(MdevDevice::parent));
        all.put("group", mdev.map(MdevDevice::group));
        all.put("shared", report.device().shared());
        all.put("owner", report.device().owner().map(DeviceOwner::description));
        all.put("opened_by", report.device().path().map(AttachPath::label));
        all.put("node", report.device().host().flatMap(HostDevice::node));
        all.put("bare_vm", report.bareVm());
        all.put("flags", Integer.toUnsignedLong(report.info().flags()));
        all.put("flag_names", Words.deviceFlags(report.info().flags()));
        all.put("num_regions", report.info().regions());
        all.put("num_irqs", report.info().irqs());
        raw(all, report.info().raw(), Vfio.DeviceInfo.CAP_OFFSET);
        all.put("display", report.access().isEmpty() ? Optional.empty() : Optional.of(display()));
        all.put("regions", report.regions().stream().map(this::region).toList());
        all.put("irqs", report.irqs().stream().map(this::irq).toList());
        all.put("refused_irqs", report.refusedIrqs());
        return all;
    }

    private Map<String, Object> display() {
        Map<String, Object> display = new LinkedHashMap<>();
        display.put("dialect", report.dialect());
        Optional<DisplayIrqInfo> irq = report.displayIrq();
        display.put(
                "irqs",
                irq.map(DisplayIrqInfo::counters).orElse(List.of()).stream()
                        .map(DisplayIrqInfo.Counter::index)
                        .toList());
        display.put("maskable", irq.map(DisplayIrqInfo::maskable));
        display.put("primary_value", irq.flatMap(DisplayIrqInfo::values).map(v -> JsonLines.unsigned(v.primary())));
        display.put("cursor_value", irq.flatMap(DisplayIrqInfo::values).map(v -> JsonLines.unsigned(v.cursor())));
        List<String> access = new ArrayList<>();
        for (PlaneAccess known : PlaneAccess.values()) {
            if (report.access().contains(known)) {
                access.add(known.name().toLowerCase(Locale.ROOT));
            }
        }
        display.put("access", access);
        display.put("primary", report.primary().plane().map(this::plane));
        display.put("cursor", report.cursor().plane().map(this::plane));
        display.put("refusal", report.primary().refusal().map(LinuxException::getMessage));
        return display;
    }

    private Map<String, Object> plane(Plane plane) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("format", plane.formatName());
        object.put("modifier", JsonLines.unsigned(plane.modifier()));
        object.put("width", Integer.toUnsignedLong(plane.width()));
        object.put("height", Integer.toUnsignedLong(plane.height()));
        object.put("stride", Integer.toUnsignedLong(plane.strideBytes()));
        object.put("size", Integer.toUnsignedLong(plane.sizeBytes()));
        object.put("x", plane.x());
        object.put("y", plane.y());
        object.put("hot_x", hotspot(plane.hotX()));
        object.put("hot_y", hotspot(plane.hotY()));
        boolean region =
                report.preferredAccess().filter(PlaneAccess.REGION::equals).isPresent();
        object.put(region ? "region" : "dmabuf_id", Integer.toUnsignedLong(plane.source()));
        return object;
    }

    private static Optional<Integer> hotspot(int value) {
        return value == Plane.UNKNOWN_HOTSPOT ? Optional.empty() : Optional.of(value);
    }

    private Map<String, Object> region(RegionInfo region) {
        boolean screen =
                report.screenRegion().filter(index -> index == region.index()).isPresent();
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("index", region.index());
        object.put("name", Words.region(report.info(), region, screen));
        object.put("size", JsonLines.unsigned(region.size()));
        object.put("offset", JsonLines.unsigned(region.offset()));
        object.put("flags", Integer.toUnsignedLong(region.flags()));
        object.put("flag_names", Words.regionFlags(region.flags()));
        object.put(
                "capabilities",
                region.capabilities().stream()
                        .map(capability -> capability(capability, CapabilityText.ofRegion(capability)))
                        .toList());
        raw(object, region.raw(), Vfio.RegionInfo.SIZE);
        return object;
    }

    private Map<String, Object> irq(IrqInfo irq) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("index", irq.index());
        object.put("name", Words.irq(report.info(), irq, report.displayIrq()));
        object.put("count", Integer.toUnsignedLong(irq.count()));
        object.put("flags", Integer.toUnsignedLong(irq.flags()));
        object.put("flag_names", Words.irqFlags(irq.flags()));
        object.put("layout", irq.layout().name().toLowerCase(Locale.ROOT));
        object.put(
                "capabilities",
                irq.capabilities().stream()
                        .map(capability -> capability(
                                capability,
                                CapabilityText.ofIrq(
                                        capability,
                                        irq.capabilities(),
                                        !report.access().isEmpty())))
                        .toList());
        raw(object, irq.raw(), DeviceReport.infoSize(irq));
        return object;
    }

    private Map<String, Object> capability(Capability capability, CapabilityText text) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("id", capability.id());
        object.put("version", capability.version());
        object.put("name", text.name());
        object.putAll(text.members());
        raw(object, capability.bytes(), Vfio.InfoCapHeader.SIZE);
        return object;
    }

    private void raw(Map<String, Object> object, Bytes bytes, int least) {
        if (raw) {
            object.put("raw", CapabilityText.trimmed(bytes, least).replace(" ", ""));
        }
    }
}
