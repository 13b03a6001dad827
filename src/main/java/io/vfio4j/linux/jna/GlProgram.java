package io.vfio4j.linux.jna;

import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.gl.GraphicsException;
import java.nio.charset.StandardCharsets;

/** A pair of shaders that draws a texture over all of the canvas. */
final class GlProgram {
    private static final String VERTEX_SHADER = "attribute vec2 corner;\n"
            + "uniform vec2 size;\n"
            + "varying vec2 place;\n"
            + "void main() {\n"
            + "place = (corner * 0.5 + 0.5) * size;\n"
            + "gl_Position = vec4(corner, 0.0, 1.0);\n"
            + "}\n";
    /** A triangle of which the canvas is a part: no seam within. */
    private static final float[] CORNERS = {-1, -1, 3, -1, -1, 3};

    private static final int LOG_MOST = 2048;

    private final EglDevice device;
    private final int program;
    private final int corners;
    private final int size;
    private final int texel;

    private GlProgram(EglDevice device, int program, int corners) {
        this.device = device;
        this.program = program;
        this.corners = corners;
        this.size = uniform("size");
        this.texel = uniform("texel");
    }

    private int uniform(String text) {
        try (NativeMemory name = Allocations.string(text)) {
            return Gles.glGetUniformLocation(program, JnaLinux.addressOf(name));
        }
    }

    static GlProgram of(EglDevice device, String fragmentShader) throws GraphicsException {
        int program = Gles.glCreateProgram();
        boolean success = false;
        try {
            attach(device, program, GlesAbi.GL_VERTEX_SHADER, VERTEX_SHADER);
            attach(device, program, GlesAbi.GL_FRAGMENT_SHADER, fragmentShader);
            try (NativeMemory name = Allocations.string("corner")) {
                Gles.glBindAttribLocation(program, 0, JnaLinux.addressOf(name));
            }
            Gles.glLinkProgram(program);
            requireLinked(device, program);
            device.check("glLinkProgram");
            GlProgram made = new GlProgram(device, program, buffer(device));
            success = true;
            return made;
        } finally {
            if (!success) {
                Gles.glDeleteProgram(program);
            }
        }
    }

    /** A shader that does not compile is found when the program is linked, with the reason in its log. */
    private static void attach(EglDevice device, int program, int type, String source) {
        int shader = Gles.glCreateShader(type);
        try (NativeMemory text = Allocations.string(source)) {
            device.scratch().putLong(0, JnaLinux.addressOf(text));
            Gles.glShaderSource(shader, 1, device.scratchAddress(), 0);
        }
        Gles.glCompileShader(shader);
        Gles.glAttachShader(program, shader);
        // It lives as long as the program.
        Gles.glDeleteShader(shader);
    }

    private static void requireLinked(EglDevice device, int program) throws GraphicsException {
        Gles.glGetProgramiv(program, GlesAbi.GL_LINK_STATUS, device.scratchAddress());
        if (device.scratch().getInt(0) == 0) {
            device.scratch().putInt(0, 0);
            Gles.glGetProgramInfoLog(program, LOG_MOST, device.scratchAddress(), device.scratchAddress() + 4);
            int length = Math.max(0, Math.min(LOG_MOST, device.scratch().getInt(0)));
            String log = new String(device.scratch().getBytes(4, length), StandardCharsets.UTF_8);
            throw new GraphicsException("its compiler refuses our shader: " + log.strip());
        }
    }

    private static int buffer(EglDevice device) {
        Gles.glGenBuffers(1, device.scratchAddress());
        int buffer = device.scratch().getInt(0);
        Gles.glBindBuffer(GlesAbi.GL_ARRAY_BUFFER, buffer);
        for (int i = 0; i < CORNERS.length; i++) {
            device.scratch().putInt(i * Float.BYTES, Float.floatToRawIntBits(CORNERS[i]));
        }
        long bytes = (long) CORNERS.length * Float.BYTES;
        Gles.glBufferData(GlesAbi.GL_ARRAY_BUFFER, bytes, device.scratchAddress(), GlesAbi.GL_STATIC_DRAW);
        return buffer;
    }

    /** Draws the texture that is bound, with that many texels a line, on what is bound for drawing. */
    void draw(int texels, int width, int height) {
        Gles.glUseProgram(program);
        Gles.glUniform2f(size, width, height);
        Gles.glUniform2f(texel, 1.0f / texels, 1.0f / height);
        Gles.glBindBuffer(GlesAbi.GL_ARRAY_BUFFER, corners);
        Gles.glEnableVertexAttribArray(0);
        Gles.glVertexAttribPointer(0, 2, GlesAbi.GL_FLOAT, (byte) 0, 0, 0);
        Gles.glViewport(0, 0, width, height);
        Gles.glDrawArrays(GlesAbi.GL_TRIANGLES, 0, 3);
    }

    void close() {
        Gles.glDeleteProgram(program);
        device.scratch().putInt(0, corners);
        Gles.glDeleteBuffers(1, device.scratchAddress());
    }
}
