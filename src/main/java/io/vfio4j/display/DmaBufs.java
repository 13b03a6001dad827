package io.vfio4j.display;

import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Holds a descriptor of each of the last framebuffers that were queried.
 *
 * <p>Why: every query of a new framebuffer has the driver create an object, which stays until somebody fetches it by
 * VFIO_DEVICE_GET_GFX_DMABUF and closes it. But fetching and closing at once frees it, so that the next framebuffer gets the same
 * id, and flips become invisible. So the newest are kept open.
 *
 * <p>On GVT-g each further query has taken one more reference, so an old framebuffer is let go by fetching it once more, and closing
 * both. Only there: mbochs hands out a second descriptor without a reference, and closing both crashes its kernel.
 */
final class DmaBufs implements AutoCloseable {
    /** As many as QEMU keeps; more than the buffers that a guest flips between. */
    private static final int KEPT = 5;

    private final VfioDevice device;
    private final boolean queriesTakeReferences;
    /** By id, the least recently seen first. */
    private final Map<Integer, Descriptor> held = new LinkedHashMap<>(16, 0.75f, true);

    DmaBufs(VfioDevice device) {
        this.device = device;
        this.queriesTakeReferences = device.mdev().map(MdevDevice::isGvtG).orElse(false);
    }

    /** A query has named this framebuffer. */
    void seen(int id) throws LinuxException {
        if (held.get(id) == null) {
            held.put(id, device.dmaBuf(id));
        }
        while (held.size() > KEPT) {
            Iterator<Map.Entry<Integer, Descriptor>> eldest = held.entrySet().iterator();
            Map.Entry<Integer, Descriptor> entry = eldest.next();
            eldest.remove();
            release(entry.getKey(), entry.getValue());
        }
    }

    private void release(int id, Descriptor descriptor) {
        if (!queriesTakeReferences) {
            descriptor.close();
            return;
        }
        try {
            device.dmaBuf(id).close();
        } catch (LinuxException | RuntimeException e) {
            // EINVAL: no query since the last fetch, so there is no further reference to give back.
            System.getLogger(DmaBufs.class.getName()).log(System.Logger.Level.DEBUG, "dma-buf not fetched again", e);
        } finally {
            descriptor.close();
        }
    }

    @Override
    public void close() {
        for (Map.Entry<Integer, Descriptor> entry : held.entrySet()) {
            release(entry.getKey(), entry.getValue());
        }
        held.clear();
    }
}
