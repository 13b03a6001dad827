/*
 * The yardstick for pixels: what vfio4j does with a 4K picture, as plain loops in C. The source is shared memory, mapped; the target
 * is memory of the process. Both have been touched. The loops go line by line, and learn the size at run time, as any function does
 * that serves more than one screen; with a size that the compiler knows it would find more to do.
 *
 * The program answers each line of its input with a line:
 *   WORK TIMES      WORK times=10 us=2345.6
 * where WORK is copy, compare, cursor, a format that is converted, or a layout that is put line by line.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define WIDTH 3840
#define HEIGHT 2160
#define PIXELS (WIDTH * HEIGHT)
#define STRIDE (WIDTH * 4)
#define BYTES (PIXELS * 4)
#define CURSOR 64
#define TILE 4096

/* Variables, as a device tells its size at run time. */
static volatile int picture_width = WIDTH;
static volatile int picture_height = HEIGHT;

static const uint8_t *source;
static uint8_t *target;
static uint32_t palette[256];
static uint32_t cursor[CURSOR * CURSOR];
static volatile int result;

static void die(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static void copy(void)
{
    memcpy(target, source, BYTES);
}

static void compare(void)
{
    result = memcmp(target, source, BYTES);
}

/* What a format does with a line of a picture. */
typedef void line_converter(const uint8_t *line, uint32_t *to, int width);

static void convert(line_converter *converter, int bytes_per_pixel)
{
    int width = picture_width;
    int height = picture_height;

    for (int y = 0; y < height; y++)
        converter(source + y * width * bytes_per_pixel, (uint32_t *)target + y * width, width);
}

static void line_of_c8(const uint8_t *from, uint32_t *to, int width)
{
    for (int i = 0; i < width; i++)
        to[i] = palette[from[i]];
}

static void line_of_rgb565(const uint8_t *line, uint32_t *to, int width)
{
    const uint16_t *from = (const uint16_t *)line;

    for (int i = 0; i < width; i++) {
        uint32_t red = from[i] >> 11;
        uint32_t green = from[i] >> 5 & 0x3f;
        uint32_t blue = from[i] & 0x1f;

        to[i] = 0xff000000 | (red << 3 | red >> 2) << 16 | (green << 2 | green >> 4) << 8 | (blue << 3 | blue >> 2);
    }
}

static void line_of_xbgr8888(const uint8_t *line, uint32_t *to, int width)
{
    const uint32_t *from = (const uint32_t *)line;

    for (int i = 0; i < width; i++)
        to[i] = 0xff000000 | (from[i] & 0xff) << 16 | (from[i] & 0xff00) | (from[i] >> 16 & 0xff);
}

static void line_of_abgr8888(const uint8_t *line, uint32_t *to, int width)
{
    const uint32_t *from = (const uint32_t *)line;

    for (int i = 0; i < width; i++)
        to[i] = (from[i] & 0xff00ff00) | (from[i] & 0xff) << 16 | (from[i] >> 16 & 0xff);
}

static void line_of_xrgb2101010(const uint8_t *line, uint32_t *to, int width)
{
    const uint32_t *from = (const uint32_t *)line;

    for (int i = 0; i < width; i++)
        to[i] = 0xff000000 | (from[i] >> 22 & 0xff) << 16 | (from[i] >> 12 & 0xff) << 8 | (from[i] >> 2 & 0xff);
}

static void line_of_xbgr2101010(const uint8_t *line, uint32_t *to, int width)
{
    const uint32_t *from = (const uint32_t *)line;

    for (int i = 0; i < width; i++)
        to[i] = 0xff000000 | (from[i] >> 2 & 0xff) << 16 | (from[i] >> 12 & 0xff) << 8 | (from[i] >> 22 & 0xff);
}

static inline uint32_t clamp(int value)
{
    return value < 0 ? 0 : value > 255 ? 255 : (uint32_t)value;
}

static inline uint32_t yuv(int y, int cb, int cr)
{
    y = 298 * (y - 16) + 128;
    cb -= 128;
    cr -= 128;
    return 0xff000000 | clamp((y + 409 * cr) >> 8) << 16 | clamp((y - 100 * cb - 208 * cr) >> 8) << 8 |
           clamp((y + 516 * cb) >> 8);
}

/* The order is known when this is compiled: four loops. */
static inline __attribute__((always_inline)) void line_of_yuv(const uint8_t *from, uint32_t *to, int width, int y0, int cb,
                                                              int y1, int cr)
{
    for (int i = 0; i < width; i += 2) {
        const uint8_t *pair = from + 2 * i;

        to[i] = yuv(pair[y0], pair[cb], pair[cr]);
        to[i + 1] = yuv(pair[y1], pair[cb], pair[cr]);
    }
}

static void line_of_yuyv(const uint8_t *from, uint32_t *to, int width)
{
    line_of_yuv(from, to, width, 0, 1, 2, 3);
}

static void line_of_uyvy(const uint8_t *from, uint32_t *to, int width)
{
    line_of_yuv(from, to, width, 1, 0, 3, 2);
}

static void line_of_yvyu(const uint8_t *from, uint32_t *to, int width)
{
    line_of_yuv(from, to, width, 0, 3, 2, 1);
}

static void line_of_vyuy(const uint8_t *from, uint32_t *to, int width)
{
    line_of_yuv(from, to, width, 1, 2, 3, 0);
}

static inline uint32_t component(uint32_t above, uint32_t below, uint32_t left, int shift)
{
    uint32_t sum = (above >> shift & 0xff) + ((below >> shift & 0xff) * left + 127) / 255;

    return (sum > 255 ? 255 : sum) << shift;
}

static void draw_cursor(void)
{
    for (int y = 0; y < CURSOR; y++) {
        uint32_t *to = (uint32_t *)(target + (1000 + y) * STRIDE) + 2000;

        for (int x = 0; x < CURSOR; x++) {
            uint32_t above = cursor[y * CURSOR + x];
            uint32_t left = 255 - (above >> 24);

            if (left == 0)
                to[x] = above;
            else if (above != 0)
                to[x] = 0xff000000 | component(above, to[x], left, 16) | component(above, to[x], left, 8) |
                        component(above, to[x], left, 0);
        }
    }
}

/* Tiles of 512 bytes by 8 lines. */
static void from_x(void)
{
    int stride = picture_width * 4;
    int height = picture_height;

    for (int y = 0; y < height; y++)
        for (int x = 0; x < stride; x += 512)
            memcpy(target + y * stride + x, source + y / 8 * 8 * stride + x / 512 * TILE + y % 8 * 512, 512);
}

/* Tiles of 128 bytes by 32 lines, in columns of 16 bytes. The last row of tiles is left out: it is not in the source whole. */
static void from_y(void)
{
    int stride = picture_width * 4;
    int height = picture_height / 32 * 32;

    for (int y = 0; y < height; y++)
        for (int x = 0; x < stride; x += 16)
            memcpy(target + y * stride + x,
                   source + y / 32 * 32 * stride + x / 128 * TILE + x % 128 / 16 * 512 + y % 32 * 16, 16);
}

static void from_yf(void)
{
    int stride = picture_width * 4;
    int height = picture_height / 32 * 32;

    for (int y = 0; y < height; y++)
        for (int x = 0; x < stride; x += 16)
            memcpy(target + y * stride + x,
                   source + y / 32 * 32 * stride + x / 128 * TILE + (x >> 6 & 1) * 2048 + (y >> 4 & 1) * 1024 +
                       (x >> 5 & 1) * 512 + (y >> 3 & 1) * 256 + (x >> 4 & 1) * 128 + (y & 7) * 16,
                   16);
}

static const struct {
    const char *name;
    void (*run)(void);
    line_converter *converter;
    int bytes_per_pixel;
} works[] = {
    {"copy", copy, NULL, 0},
    {"compare", compare, NULL, 0},
    {"cursor", draw_cursor, NULL, 0},
    {"C8", NULL, line_of_c8, 1},
    {"RGB565", NULL, line_of_rgb565, 2},
    {"XRGB8888", copy, NULL, 0},
    {"ARGB8888", copy, NULL, 0},
    {"XBGR8888", NULL, line_of_xbgr8888, 4},
    {"ABGR8888", NULL, line_of_abgr8888, 4},
    {"XRGB2101010", NULL, line_of_xrgb2101010, 4},
    {"XBGR2101010", NULL, line_of_xbgr2101010, 4},
    {"YUYV", NULL, line_of_yuyv, 2},
    {"UYVY", NULL, line_of_uyvy, 2},
    {"YVYU", NULL, line_of_yvyu, 2},
    {"VYUY", NULL, line_of_vyuy, 2},
    {"X", from_x, NULL, 0},
    {"Y", from_y, NULL, 0},
    {"YF", from_yf, NULL, 0},
};

static void prepare(void)
{
    int memory = memfd_create("pixels", MFD_CLOEXEC);
    uint32_t state = 1;
    uint8_t *bytes;

    if (memory < 0 || ftruncate(memory, BYTES) < 0)
        die("memfd");
    bytes = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    if (bytes == MAP_FAILED)
        die("mmap");
    for (int i = 0; i < BYTES; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        bytes[i] = (uint8_t)state;
    }
    source = bytes;
    target = malloc(BYTES);
    if (!target)
        die("malloc");
    memset(target, 0, BYTES);
    for (int i = 0; i < 256; i++)
        palette[i] = 0xff000000 | (uint32_t)i * 0x010101;
    /* A third each: transparent, opaque, between. */
    for (int i = 0; i < CURSOR * CURSOR; i++) {
        uint32_t alpha = i % 3 == 0 ? 0 : i % 3 == 1 ? 255 : (uint32_t)i % 256;

        cursor[i] = alpha << 24 | alpha / 2 << 16 | alpha / 3 << 8 | alpha;
    }
}

int main(void)
{
    char line[128];
    char name[32];
    int times;

    setvbuf(stdout, NULL, _IOLBF, 0);
    prepare();
    while (fgets(line, sizeof line, stdin)) {
        size_t work = 0;
        int64_t start;

        if (sscanf(line, "%31s %d", name, &times) == 2 && times >= 1)
            while (work < sizeof works / sizeof *works && strcmp(works[work].name, name))
                work++;
        else
            work = sizeof works / sizeof *works;
        if (work == sizeof works / sizeof *works) {
            fprintf(stderr, "what is: %s", line);
            return 2;
        }
        /* Equal to the last byte, as a screen on which nothing moves. */
        if (works[work].run == compare)
            copy();
        start = now();
        for (int i = 0; i < times; i++)
            if (works[work].run)
                works[work].run();
            else
                convert(works[work].converter, works[work].bytes_per_pixel);
        printf("%s times=%d us=%.3f\n", name, times, (double)(now() - start) / times / 1000);
    }
    return 0;
}
