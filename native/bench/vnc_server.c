/*
 * The yardstick of the VNC server: libvncserver, given the pictures of the emulated guest's scenario "window".
 *
 *   vnc_server PORT WIDTH HEIGHT HERTZ THREADS LOG
 *
 * THREADS is "one" (rfbProcessEvents between pictures, as its examples do) or "many" (rfbRunEventLoop in the background: two
 * threads for each client). At 0 HERTZ the desktop stands still, and one thread serves. Ends when its standard input does, or by
 * SIGTERM, and then writes LOG: for each picture its number, when it was there (CLOCK_MONOTONIC, ns), and how much processor time
 * it took to draw (ns). Drawing is in the process, as in an application; what it takes is told so that it can be subtracted.
 */
#include <poll.h>
#include <rfb/rfb.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	STEP_X = 6,
	STEP_Y = 4,
	EDGE = 2,
	TITLE = 24,
	GLYPH_WIDTH = 8,
	GLYPH_HEIGHT = 16,
	HEADING_EVERY = 8,
	TASK_BAR = 32,
	CODE_CELL = 8,
	CODE_BITS = 32,
	MOST_FLIPS = 1 << 17,
};

struct flip {
	uint32_t frame;
	int64_t at;
	int64_t drawing;
};

static volatile sig_atomic_t ended;
static int screen_width, screen_height;
static int window_width, window_height;
static uint32_t *screen_pixels;
static uint32_t *window_pixels;
static struct flip flips[MOST_FLIPS];
static int flip_count;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

static int64_t now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* The picture: emulator/Picture.java (DESKTOP) and emulator/TextWindow.java have the same. */

static uint32_t ground(int y)
{
	uint32_t light;

	if (y >= screen_height - TASK_BAR)
		return y == screen_height - TASK_BAR ? 0x708090 : 0x283038;
	light = y * 128 / screen_height;
	return 0x204878 + (light << 16 | light << 8 | light / 2);
}

static int to_and_fro(int64_t way, int span)
{
	int place = way % (2LL * span);

	return place < span ? place : 2 * span - place;
}

static uint32_t glyph(int column, int line)
{
	uint32_t mixed = (column + 1u) * 0x9e3779b1u ^ (line + 1u) * 0x85ebca77u;

	mixed = (mixed ^ mixed >> 15) * 0x2c1b3c6du;
	mixed ^= mixed >> 12;
	return mixed >> 28 < 3 ? 0 : mixed;
}

static uint32_t window_pixel(int column, int line)
{
	int text = line - TITLE;
	uint32_t bits = 0;

	if (column < EDGE || column >= window_width - EDGE || line < EDGE || line >= window_height - EDGE)
		return 0x404850;
	if (line < TITLE)
		return 0x3060a0 + line * 0x020202;
	if (text % GLYPH_HEIGHT >= 3 && text % GLYPH_HEIGHT <= 12)
		bits = glyph((column - EDGE) / GLYPH_WIDTH, text / GLYPH_HEIGHT) >> text % GLYPH_HEIGHT * 2 & 0x7e;
	if (!(bits >> (column - EDGE) % GLYPH_WIDTH & 1))
		return 0xfafafa;
	return text / GLYPH_HEIGHT % HEADING_EVERY == 0 ? 0x1040a0 : 0x202020;
}

static void draw_ground(int left, int top, int width, int height)
{
	for (int y = top; y < top + height; y++)
		for (int x = left; x < left + width; x++)
			screen_pixels[y * screen_width + x] = ground(y);
}

static void draw_code(uint32_t frame)
{
	for (int y = 0; y < CODE_CELL; y++)
		for (int x = 0; x < CODE_BITS * CODE_CELL; x++)
			screen_pixels[y * screen_width + x] = frame >> x / CODE_CELL & 1 ? 0xffffff : 0;
}

static void prepare(rfbScreenInfoPtr server)
{
	screen_pixels = calloc((size_t)screen_width * screen_height, sizeof(*screen_pixels));
	window_pixels = calloc((size_t)window_width * window_height, sizeof(*window_pixels));
	if (!screen_pixels || !window_pixels)
		abort();
	for (int y = 0; y < window_height; y++)
		for (int x = 0; x < window_width; x++)
			window_pixels[y * window_width + x] = window_pixel(x, y);
	draw_ground(0, 0, screen_width, screen_height);
	draw_code(0);
	server->frameBuffer = (char *)screen_pixels;
}

static void mark(rfbScreenInfoPtr server, int x, int y, int width, int height)
{
	rfbMarkRectAsModified(server, x, y, x + width, y + height);
}

/* Only what is different from the frame before is drawn, and marked: the same rectangles as in the emulator. */
static void flip(rfbScreenInfoPtr server, uint32_t old_frame, uint32_t frame)
{
	int old_x = to_and_fro((int64_t)old_frame * STEP_X, screen_width - window_width);
	int old_y = to_and_fro((int64_t)old_frame * STEP_Y, screen_height - window_height);
	int x = to_and_fro((int64_t)frame * STEP_X, screen_width - window_width);
	int y = to_and_fro((int64_t)frame * STEP_Y, screen_height - window_height);
	int dx = x - old_x, dy = y - old_y;
	int strip_x = dx > 0 ? old_x : x + window_width;
	int strip_y = dy > 0 ? old_y : y + window_height;
	int far = abs(dx) >= window_width || abs(dy) >= window_height;
	int64_t start = now(CLOCK_THREAD_CPUTIME_ID);
	int64_t drawn;

	if (far) {
		draw_ground(old_x, old_y, window_width, window_height);
	} else {
		draw_ground(strip_x, old_y, abs(dx), window_height);
		draw_ground(old_x, strip_y, window_width, abs(dy));
	}
	for (int line = 0; line < window_height; line++)
		memcpy(screen_pixels + (y + line) * screen_width + x, window_pixels + line * window_width,
		       window_width * sizeof(*window_pixels));
	draw_code(frame);
	drawn = now(CLOCK_THREAD_CPUTIME_ID);
	if (flip_count < MOST_FLIPS)
		flips[flip_count++] = (struct flip){ frame, now(CLOCK_MONOTONIC), drawn - start };

	if (far) {
		mark(server, old_x, old_y, window_width, window_height);
	} else {
		if (dx)
			mark(server, strip_x, old_y, abs(dx), window_height);
		if (dy)
			mark(server, old_x, strip_y, window_width, abs(dy));
	}
	mark(server, x, y, window_width, window_height);
	mark(server, 0, 0, CODE_BITS * CODE_CELL, CODE_CELL);
}

static int input_ended(void)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	char rest[64];

	return poll(&input, 1, 0) > 0 && read(STDIN_FILENO, rest, sizeof(rest)) <= 0;
}

static void serve(rfbScreenInfoPtr server, int hertz, int many)
{
	int64_t period = 1000000000LL / hertz;
	int64_t start = now(CLOCK_MONOTONIC);
	uint32_t shown = 0;

	if (many)
		rfbRunEventLoop(server, -1, TRUE);
	while (!ended && !input_ended()) {
		int64_t time = now(CLOCK_MONOTONIC);
		/* Pictures that there was no time for are left out. */
		uint32_t frame = (time - start) / period;
		int64_t left;

		if (frame != shown) {
			flip(server, shown, frame);
			shown = frame;
		}
		left = start + (frame + 1) * period - now(CLOCK_MONOTONIC);
		if (left <= 0)
			left = 0;
		if (many)
			usleep(left / 1000 + 1);
		else
			rfbProcessEvents(server, left / 1000 + 1);
	}
}

static void stand_still(rfbScreenInfoPtr server)
{
	while (!ended && !input_ended())
		rfbProcessEvents(server, server->deferUpdateTime * 1000);
}

static int write_log(const char *name)
{
	FILE *log = fopen(name, "w");

	if (!log) {
		perror(name);
		return 1;
	}
	for (int i = 0; i < flip_count; i++)
		fprintf(log, "%u %lld %lld\n", flips[i].frame, (long long)flips[i].at, (long long)flips[i].drawing);
	return fclose(log) ? 1 : 0;
}

static void no_log(const char *format, ...)
{
	(void)format;
}

int main(int argc, char **argv)
{
	int none = 1;
	int hertz;
	rfbScreenInfoPtr server;

	if (argc != 7) {
		fprintf(stderr, "usage: vnc_server PORT WIDTH HEIGHT HERTZ one|many LOG\n");
		return 2;
	}
	screen_width = atoi(argv[2]);
	screen_height = atoi(argv[3]);
	window_width = screen_width / 3;
	window_height = screen_height / 3;
	hertz = atoi(argv[4]);
	signal(SIGTERM, end);
	signal(SIGPIPE, SIG_IGN);
	rfbLog = no_log;
	rfbErr = no_log;
	server = rfbGetScreen(&none, argv, screen_width, screen_height, 8, 3, 4);
	if (!server)
		return 1;
	prepare(server);
	server->port = atoi(argv[1]);
	server->ipv6port = -1;
	server->listenInterface = htonl(INADDR_LOOPBACK);
	server->alwaysShared = TRUE;
	/* Blue is lowest, as in the emulator's XRGB8888, and what the clients ask for: neither server converts. */
	server->serverFormat.redShift = 16;
	server->serverFormat.greenShift = 8;
	server->serverFormat.blueShift = 0;
	rfbSetCursor(server, NULL);
	rfbInitServer(server);
	if (server->listenSock < 0) {
		fprintf(stderr, "vnc_server: port %s cannot be had\n", argv[1]);
		return 1;
	}
	printf("listening\n");
	fflush(stdout);
	if (hertz == 0)
		stand_still(server);
	else
		serve(server, hertz, strcmp(argv[5], "many") == 0);
	/* Threads of clients may be writing; what they hold ends with the process. */
	return write_log(argv[6]);
}
