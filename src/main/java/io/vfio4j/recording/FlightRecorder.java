package io.vfio4j.recording;

import java.util.Set;
import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.EventType;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Threshold;

/** Loaded only where the module jdk.jfr is there. */
final class FlightRecorder implements Recorder {
    private final EventType delivered = EventType.getEventType(RefreshDelivered.class);
    private final EventType slow = EventType.getEventType(ListenerSlow.class);

    @Override
    public boolean isRecording() {
        return delivered.isEnabled() || slow.isEnabled();
    }

    @Override
    public void refresh(String display, String source, Set<?> planes, int merged, long sequence, Runnable callback) {
        ListenerSlow slowCall = new ListenerSlow();
        slowCall.begin();
        RefreshDelivered delivery = new RefreshDelivered();
        if (delivery.isEnabled()) {
            delivery.display = display;
            delivery.source = source;
            delivery.planes = planes.toString();
            delivery.merged = merged;
            delivery.sequence = sequence;
            delivery.commit();
        }
        try {
            callback.run();
        } finally {
            slowCall.end();
            if (slowCall.shouldCommit()) {
                slowCall.display = display;
                slowCall.sequence = sequence;
                slowCall.commit();
            }
        }
    }

    @Override
    public void lifecycle(String display, String what) {
        DisplayLifecycle event = new DisplayLifecycle();
        if (event.isEnabled()) {
            event.display = display;
            event.what = what;
            event.commit();
        }
    }

    @Override
    public PictureSpan picture() {
        PictureCaptured event = new PictureCaptured();
        if (!event.isEnabled()) {
            return PictureSpan.UNRECORDED;
        }
        event.begin();
        return (display, changedPixels) -> {
            event.end();
            if (event.shouldCommit()) {
                event.display = display;
                event.changedPixels = changedPixels;
                event.unchanged = changedPixels == 0;
                event.commit();
            }
        };
    }

    @Override
    public UpdateSpan update() {
        UpdateSent event = new UpdateSent();
        if (!event.isEnabled()) {
            return UpdateSpan.UNRECORDED;
        }
        event.begin();
        return (display, client, encoding, bytes) -> {
            event.end();
            if (event.shouldCommit()) {
                event.display = display;
                event.client = client;
                event.encoding = encoding;
                event.bytes = bytes;
                event.commit();
            }
        };
    }

    @Name("io.vfio4j.RefreshDelivered")
    @Label("Refresh delivered")
    @Category("vfio4j")
    @Description("A refresh event was handed to a listener")
    @StackTrace(false)
    static final class RefreshDelivered extends Event {
        @Label("Display")
        String display;

        @Label("Source")
        String source;

        @Label("Planes")
        String planes;

        @Label("Merged reads")
        int merged;

        @Label("Sequence")
        long sequence;
    }

    @Name("io.vfio4j.ListenerSlow")
    @Label("Listener slow")
    @Category("vfio4j")
    @Description("A listener took long for one refresh")
    @StackTrace(false)
    @Threshold("5 ms")
    static final class ListenerSlow extends Event {
        @Label("Display")
        String display;

        @Label("Sequence")
        long sequence;
    }

    @Name("io.vfio4j.DisplayLifecycle")
    @Label("Display lifecycle")
    @Category("vfio4j")
    @Description("A display was attached, armed, masked or closed")
    @StackTrace(false)
    static final class DisplayLifecycle extends Event {
        @Label("Display")
        String display;

        @Label("What")
        String what;
    }

    @Name("io.vfio4j.PictureCaptured")
    @Label("Picture captured")
    @Category("vfio4j")
    @Description("A guest's picture was read for a screen's viewers")
    @StackTrace(false)
    static final class PictureCaptured extends Event {
        @Label("Display")
        String display;

        @Label("Changed pixels")
        @Description("By tiles of 32x32")
        long changedPixels;

        @Label("Unchanged")
        boolean unchanged;
    }

    @Name("io.vfio4j.UpdateSent")
    @Label("Update sent")
    @Category("vfio4j")
    @Description("A client of a screen was sent what had changed")
    @StackTrace(false)
    static final class UpdateSent extends Event {
        @Label("Display")
        String display;

        @Label("Client")
        String client;

        @Label("Encoding")
        String encoding;

        @Label("Bytes")
        @DataAmount(DataAmount.BYTES)
        long bytes;
    }
}
