package io.vfio4j.linux.jna;

import io.vfio4j.linux.gl.GraphicsException;

/** What pictures are drawn on before they are read: one for all of them, as large as the largest. */
final class GlCanvas {
    private final EglDevice device;
    private int framebuffer;
    private int renderbuffer;
    private int width;
    private int height;

    GlCanvas(EglDevice device) {
        this.device = device;
    }

    /** Has drawing and reading go here. */
    void begin(int wantedWidth, int wantedHeight) throws GraphicsException {
        if (framebuffer == 0) {
            Gles.glGenFramebuffers(1, device.scratchAddress());
            framebuffer = device.scratch().getInt(0);
            Gles.glGenRenderbuffers(1, device.scratchAddress());
            renderbuffer = device.scratch().getInt(0);
        }
        Gles.glBindFramebuffer(GlesAbi.GL_FRAMEBUFFER, framebuffer);
        if (width < wantedWidth || height < wantedHeight) {
            grow(Math.max(width, wantedWidth), Math.max(height, wantedHeight));
        }
    }

    private void grow(int newWidth, int newHeight) throws GraphicsException {
        width = 0;
        height = 0;
        Gles.glBindRenderbuffer(GlesAbi.GL_RENDERBUFFER, renderbuffer);
        Gles.glRenderbufferStorage(GlesAbi.GL_RENDERBUFFER, GlesAbi.GL_RGBA8_OES, newWidth, newHeight);
        device.check("glRenderbufferStorage");
        Gles.glFramebufferRenderbuffer(
                GlesAbi.GL_FRAMEBUFFER, GlesAbi.GL_COLOR_ATTACHMENT0, GlesAbi.GL_RENDERBUFFER, renderbuffer);
        device.check("glFramebufferRenderbuffer");
        if (Gles.glCheckFramebufferStatus(GlesAbi.GL_FRAMEBUFFER) != GlesAbi.GL_FRAMEBUFFER_COMPLETE) {
            throw new GraphicsException("it cannot draw on " + newWidth + "x" + newHeight + " RGBA8");
        }
        width = newWidth;
        height = newHeight;
    }

    void close() {
        if (framebuffer != 0) {
            device.scratch().putInt(0, framebuffer);
            Gles.glDeleteFramebuffers(1, device.scratchAddress());
            device.scratch().putInt(0, renderbuffer);
            Gles.glDeleteRenderbuffers(1, device.scratchAddress());
            framebuffer = 0;
        }
    }
}
