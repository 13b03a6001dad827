// SPDX-License-Identifier: GPL-2.0
/*
 * vgpu_mdev: what the pixels are, in which format, and where in a framebuffer.
 * ../README.md has the formulas.
 */
#include <linux/bitops.h>
#include <linux/string.h>
#include <drm/drm_fourcc.h>

#include "vgpu.h"

#define LINEAR_STRIDE_ALIGN	64
#define CELL_WIDTH		8
#define CELL_HEIGHT		16
#define OPAQUE			0xff000000

static u32 red(u32 rgb)
{
	return rgb >> 16 & 0xff;
}

static u32 green(u32 rgb)
{
	return rgb >> 8 & 0xff;
}

static u32 blue(u32 rgb)
{
	return rgb & 0xff;
}

/* --------------------------------------------------------------- formats */

/* Opaque pixels in, what is in a framebuffer out. */
static void encode_xrgb8888(const u32 *rgb, u32 count, void *to)
{
	__le32 *pixels = to;
	u32 i;

	for (i = 0; i < count; i++)
		pixels[i] = cpu_to_le32(rgb[i]);
}

static void encode_xbgr8888(const u32 *rgb, u32 count, void *to)
{
	__le32 *pixels = to;
	u32 i;

	for (i = 0; i < count; i++)
		pixels[i] = cpu_to_le32((rgb[i] & 0xff00ff00) |
					blue(rgb[i]) << 16 | red(rgb[i]));
}

static void encode_rgb565(const u32 *rgb, u32 count, void *to)
{
	__le16 *pixels = to;
	u32 i;

	for (i = 0; i < count; i++)
		pixels[i] = cpu_to_le16(red(rgb[i]) >> 3 << 11 |
					green(rgb[i]) >> 2 << 5 |
					blue(rgb[i]) >> 3);
}

/* 255 becomes 1023. */
static u32 to_10_bits(u32 value)
{
	return value << 2 | value >> 6;
}

static void encode_xrgb2101010(const u32 *rgb, u32 count, void *to)
{
	__le32 *pixels = to;
	u32 i;

	for (i = 0; i < count; i++)
		pixels[i] = cpu_to_le32(3U << 30 |
					to_10_bits(red(rgb[i])) << 20 |
					to_10_bits(green(rgb[i])) << 10 |
					to_10_bits(blue(rgb[i])));
}

static void encode_xbgr2101010(const u32 *rgb, u32 count, void *to)
{
	__le32 *pixels = to;
	u32 i;

	for (i = 0; i < count; i++)
		pixels[i] = cpu_to_le32(3U << 30 |
					to_10_bits(blue(rgb[i])) << 20 |
					to_10_bits(green(rgb[i])) << 10 |
					to_10_bits(red(rgb[i])));
}

/* The palette is the guest's secret. */
static void encode_c8(const u32 *rgb, u32 count, void *to)
{
	u8 *pixels = to;
	u32 i;

	for (i = 0; i < count; i++)
		pixels[i] = red(rgb[i]) + green(rgb[i]) + blue(rgb[i]);
}

/* BT.601, limited range; shifts of negative numbers round down. */
static u8 luma(u32 rgb)
{
	return 16 + ((66 * red(rgb) + 129 * green(rgb) + 25 * blue(rgb) +
		      128) >> 8);
}

static u8 blue_difference(u32 rgb)
{
	const int sum = 112 * (int)blue(rgb) - 38 * (int)red(rgb) -
			74 * (int)green(rgb);

	return 128 + ((sum + 128) >> 8);
}

static u8 red_difference(u32 rgb)
{
	const int sum = 112 * (int)red(rgb) - 94 * (int)green(rgb) -
			18 * (int)blue(rgb);

	return 128 + ((sum + 128) >> 8);
}

/* Two pixels in four bytes, with the left one's colour. */
static void encode_yuv(const u32 *rgb, u32 count, u8 *to, unsigned int y0,
		       unsigned int u, unsigned int v)
{
	u32 i;

	for (i = 0; i < count; i += 2, to += 4) {
		to[y0] = luma(rgb[i]);
		to[y0 + 2] = luma(rgb[i + 1 < count ? i + 1 : i]);
		to[u] = blue_difference(rgb[i]);
		to[v] = red_difference(rgb[i]);
	}
}

static void encode_yuyv(const u32 *rgb, u32 count, void *to)
{
	encode_yuv(rgb, count, to, 0, 1, 3);
}

static void encode_yvyu(const u32 *rgb, u32 count, void *to)
{
	encode_yuv(rgb, count, to, 0, 3, 1);
}

static void encode_uyvy(const u32 *rgb, u32 count, void *to)
{
	encode_yuv(rgb, count, to, 1, 0, 2);
}

static void encode_vyuy(const u32 *rgb, u32 count, void *to)
{
	encode_yuv(rgb, count, to, 1, 2, 0);
}

/**
 * struct vgpu_format - a format of pixels
 * @name: its fourcc as text, without trailing blanks
 * @fourcc: as in drm_fourcc.h
 * @cpp: bytes per pixel
 * @encode: makes @cpp * count bytes, of an even count for the YUV formats
 */
struct vgpu_format {
	const char *name;
	u32 fourcc;
	u32 cpp;
	void (*encode)(const u32 *rgb, u32 count, void *to);
};

static const struct vgpu_format formats[] = {
	{ "XR24", DRM_FORMAT_XRGB8888, 4, encode_xrgb8888 },
	{ "AR24", DRM_FORMAT_ARGB8888, 4, encode_xrgb8888 },
	{ "XB24", DRM_FORMAT_XBGR8888, 4, encode_xbgr8888 },
	{ "AB24", DRM_FORMAT_ABGR8888, 4, encode_xbgr8888 },
	{ "RG16", DRM_FORMAT_RGB565, 2, encode_rgb565 },
	{ "XR30", DRM_FORMAT_XRGB2101010, 4, encode_xrgb2101010 },
	{ "XB30", DRM_FORMAT_XBGR2101010, 4, encode_xbgr2101010 },
	{ "C8", DRM_FORMAT_C8, 1, encode_c8 },
	{ "YUYV", DRM_FORMAT_YUYV, 2, encode_yuyv },
	{ "UYVY", DRM_FORMAT_UYVY, 2, encode_uyvy },
	{ "YVYU", DRM_FORMAT_YVYU, 2, encode_yvyu },
	{ "VYUY", DRM_FORMAT_VYUY, 2, encode_vyuy },
};

const struct vgpu_format *vgpu_format_default = &formats[0];
const struct vgpu_format *vgpu_format_cursor = &formats[1];

/* Blanks around it do not matter: "C8  " is "C8". */
static bool is_word(const char *text, const char *word)
{
	const size_t length = strlen(word);

	text = skip_spaces(text);
	return !strncmp(text, word, length) && !*skip_spaces(text + length);
}

const struct vgpu_format *vgpu_format_by_name(const char *name)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(formats); i++)
		if (is_word(name, formats[i].name))
			return &formats[i];
	return NULL;
}

const char *vgpu_format_name(const struct vgpu_format *format)
{
	return format->name;
}

u32 vgpu_format_fourcc(const struct vgpu_format *format)
{
	return format->fourcc;
}

/* --------------------------------------------------------------- tilings */

/*
 * Which bits of an address in a tile of 4 KiB come from x, in bytes, and which
 * from y; tiles lie line by line.
 */
struct tile {
	u32 x_bits;
	u32 y_bits;
};

/**
 * struct vgpu_tiling - how pixels are arranged
 * @name: of the parameter
 * @modifier: as in drm_fourcc.h
 * @tile: of pixels of 2 and 4 bytes; nothing if there are no tiles
 * @tile_8: of pixels of 1 byte
 */
struct vgpu_tiling {
	const char *name;
	u64 modifier;
	struct tile tile;
	struct tile tile_8;
};

static const struct vgpu_tiling tilings[] = {
	{ .name = "linear", .modifier = DRM_FORMAT_MOD_LINEAR },
	{
		.name = "x",
		.modifier = I915_FORMAT_MOD_X_TILED,
		.tile = { 0x1ff, 0xe00 },
		.tile_8 = { 0x1ff, 0xe00 },
	}, {
		.name = "y",
		.modifier = I915_FORMAT_MOD_Y_TILED,
		.tile = { 0xe0f, 0x1f0 },
		.tile_8 = { 0xe0f, 0x1f0 },
	}, {
		.name = "yf",
		.modifier = I915_FORMAT_MOD_Yf_TILED,
		.tile = { 0xa8f, 0x570 },
		.tile_8 = { 0xa0f, 0x5f0 },
	},
};

const struct vgpu_tiling *vgpu_tiling_linear = &tilings[0];

const struct vgpu_tiling *vgpu_tiling_by_name(const char *name)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(tilings); i++)
		if (is_word(name, tilings[i].name))
			return &tilings[i];
	return NULL;
}

const struct vgpu_tiling *vgpu_tiling_by_modifier(u64 modifier)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(tilings); i++)
		if (tilings[i].modifier == modifier)
			return &tilings[i];
	return NULL;
}

const char *vgpu_tiling_name(const struct vgpu_tiling *tiling)
{
	return tiling->name;
}

u64 vgpu_tiling_modifier(const struct vgpu_tiling *tiling)
{
	return tiling->modifier;
}

static const struct tile *tile_of(const struct vgpu_tiling *tiling,
				  const struct vgpu_format *format)
{
	return format->cpp == 1 ? &tiling->tile_8 : &tiling->tile;
}

static u32 tile_width(const struct tile *tile)
{
	return 1U << hweight32(tile->x_bits);
}

static u32 tile_height(const struct tile *tile)
{
	return 1U << hweight32(tile->y_bits);
}

/**
 * vgpu_layout_make - lay a picture out as the guest does
 * @layout: what comes out
 * @format: of its pixels
 * @tiling: of its memory
 * @width: in pixels
 * @height: in lines
 */
void vgpu_layout_make(struct vgpu_layout *layout,
		      const struct vgpu_format *format,
		      const struct vgpu_tiling *tiling, u32 width, u32 height)
{
	const struct tile *tile = tile_of(tiling, format);
	u32 align = tile->x_bits ? tile_width(tile) : LINEAR_STRIDE_ALIGN;

	layout->format = format;
	layout->tiling = tiling;
	layout->width = width;
	layout->height = height;
	layout->stride = ALIGN(width * format->cpp, align);
	layout->size = layout->stride * ALIGN(height, tile_height(tile));
}

/**
 * vgpu_layout_check - complete a layout that somebody else made
 * @layout: all but its size
 * @limit: bytes that there are
 *
 * Return: 0, or -EINVAL if it is none, or does not fit.
 */
int vgpu_layout_check(struct vgpu_layout *layout, u64 limit)
{
	const struct tile *tile = tile_of(layout->tiling, layout->format);
	u64 size;

	if (!layout->width || !layout->height ||
	    layout->width > VGPU_MAX_FOREIGN_SIZE ||
	    layout->height > VGPU_MAX_FOREIGN_SIZE ||
	    layout->stride < layout->width * layout->format->cpp ||
	    (tile->x_bits && layout->stride % tile_width(tile)))
		return -EINVAL;
	size = (u64)layout->stride *
		ALIGN(layout->height, tile_height(tile));
	if (size > limit || size > U32_MAX)
		return -EINVAL;
	layout->size = size;
	return 0;
}

/* Puts the lowest bits of a value where these bits are. */
static u32 deposit(u32 value, u32 bits)
{
	u32 result = 0;

	for (; bits; bits &= bits - 1, value >>= 1)
		if (value & 1)
			result |= bits & -bits;
	return result;
}

/* Writes bytes of a line, from X bytes on. */
static void put_bytes(const struct vgpu_layout *layout, void *memory, u32 x,
		      u32 y, const void *from, u32 count)
{
	const struct tile *tile = tile_of(layout->tiling, layout->format);
	const u32 width = tile_width(tile);
	const u32 height = tile_height(tile);
	/* What lies in a row in a tile: the lowest bits are all of x. */
	const u32 run = 1U << ffz(tile->x_bits);
	void *row;
	u32 n;

	if (!tile->x_bits) {
		memcpy(memory + y * layout->stride + x, from, count);
		return;
	}
	row = memory + y / height * height * layout->stride +
	      deposit(y, tile->y_bits);
	for (; count; count -= n, x += n, from += n) {
		n = min(count, run - x % run);
		memcpy(row + x / width * SZ_4K + deposit(x, tile->x_bits),
		       from, n);
	}
}

/* -------------------------------------------------------------- pictures */

static u32 primary_pixel(unsigned int pipe, u32 frame, u32 x, u32 y)
{
	return OPAQUE | ((x + frame) & 0xff) << 16 |
	       ((y + 2 * frame) & 0xff) << 8 | ((frame + 64 * pipe) & 0xff);
}

/* A triangle in the upper left half, the rest is transparent. */
static u32 cursor_pixel(u32 frame, u32 x, u32 y)
{
	if (x + y >= VGPU_CURSOR_SIZE)
		return 0;
	return OPAQUE | (frame & 0xff) << 16 | (x & 0xff) << 8 | (y & 0xff);
}

static u32 cell_pixel(u32 draw)
{
	return OPAQUE | ((draw * 0x9e3779b1U) >> 8);
}

/* A line before and after it is encoded; an odd one has a pixel more then. */
static u32 line[VGPU_MAX_WIDTH];
static u32 encoded[VGPU_MAX_WIDTH + 1];

static void put_line(const struct vgpu_layout *layout, void *memory, u32 x,
		     u32 y, u32 count)
{
	const struct vgpu_format *format = layout->format;

	lockdep_assert_held(&vgpu_lock);
	format->encode(line, count, encoded);
	if (format->cpp == 2)
		count = ALIGN(count, 2);
	put_bytes(layout, memory, x * format->cpp, y, encoded,
		  count * format->cpp);
}

static u32 cells_of(const struct vgpu_layout *layout)
{
	return layout->width / CELL_WIDTH * (layout->height / CELL_HEIGHT);
}

/**
 * vgpu_paint_cell - draw a character's cell
 * @plane: a primary plane
 * @memory: of its framebuffer
 * @draw: number of the cell
 */
void vgpu_paint_cell(const struct vgpu_plane *plane, void *memory, u32 draw)
{
	const struct vgpu_layout *layout = &plane->layout;
	const u32 columns = layout->width / CELL_WIDTH;
	const u32 cell = draw % cells_of(layout);
	const u32 top = cell / columns * CELL_HEIGHT;
	u32 i;

	for (i = 0; i < CELL_HEIGHT; i++) {
		memset32(line, cell_pixel(draw), CELL_WIDTH);
		put_line(layout, memory, cell % columns * CELL_WIDTH, top + i,
			 CELL_WIDTH);
	}
}

/**
 * vgpu_paint - draw all that the plane shows
 * @plane: a plane
 * @pipe: its pipe
 * @which: of the pipe's planes
 * @memory: of its framebuffer
 */
void vgpu_paint(const struct vgpu_plane *plane, unsigned int pipe,
		unsigned int which, void *memory)
{
	const struct vgpu_layout *layout = &plane->layout;
	u32 x, y, draw;

	for (y = 0; y < layout->height; y++) {
		for (x = 0; x < layout->width; x++)
			line[x] = which == DISPLAY_IRQ_PRIMARY ?
				primary_pixel(pipe, plane->frame, x, y) :
				cursor_pixel(plane->frame, x, y);
		put_line(layout, memory, 0, y, layout->width);
	}
	if (which != DISPLAY_IRQ_PRIMARY)
		return;

	/* All cells since the flip, but none that is painted over again. */
	draw = plane->first_draw;
	if (plane->draws - draw > cells_of(layout))
		draw = plane->draws - cells_of(layout);
	for (; draw != plane->draws; draw++)
		vgpu_paint_cell(plane, memory, draw);
}
