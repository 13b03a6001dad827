package io.vfio4j.display;

import jdk.jfr.Category;
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
    public void refresh(String display, RefreshEvent event, Runnable callback) {
        ListenerSlow slowCall = new ListenerSlow();
        slowCall.begin();
        RefreshDelivered delivery = new RefreshDelivered();
        if (delivery.isEnabled()) {
            delivery.display = display;
            delivery.source = event.source().name();
            delivery.planes = event.planes().toString();
            delivery.merged = event.merged();
            delivery.sequence = event.sequence();
            delivery.commit();
        }
        try {
            callback.run();
        } finally {
            slowCall.end();
            if (slowCall.shouldCommit()) {
                slowCall.display = display;
                slowCall.sequence = event.sequence();
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
}
