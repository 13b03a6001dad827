// SPDX-License-Identifier: GPL-2.0
/*
 * vgpu_mdev: the sysfs attributes that drive the guest, and tell what it did.
 */
#include <linux/ctype.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "vgpu.h"

static const char * const scenarios[VGPU_SCENARIOS] = {
	[VGPU_MANUAL] = "manual",
	[VGPU_FLIP] = "flip",
	[VGPU_IDLE] = "idle",
	[VGPU_CONSOLE] = "console",
	[VGPU_CURSOR] = "cursor",
};

static struct vgpu *vgpu_of_dev(struct device *dev)
{
	return dev_get_drvdata(dev);
}

/* Takes the next blank-separated word off @text; NULL if there is none. */
static char *next_word(char **text)
{
	char *word;

	*text = skip_spaces(*text);
	if (!**text)
		return NULL;
	word = *text;
	while (**text && !isspace(**text))
		++*text;
	if (**text)
		*(*text)++ = '\0';
	return word;
}

static int next_pipe(char **text)
{
	const char *word = next_word(text);

	if (!word || word[0] < 'A' || word[0] >= 'A' + VGPU_PIPES || word[1])
		return -EINVAL;
	return word[0] - 'A';
}

static ssize_t step_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	struct vgpu *vgpu = vgpu_of_dev(dev);
	int ret = 0;
	u32 n;

	ret = kstrtou32(buf, 0, &n);
	if (ret)
		return ret;
	do {
		mutex_lock(&vgpu_lock);
		if (!vgpu->stepped)
			ret = -EBUSY;
		else if (n)
			vgpu_step(vgpu);
		mutex_unlock(&vgpu_lock);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	} while (!ret && n && --n);
	return ret ? ret : count;
}
static DEVICE_ATTR_WO(step);

static ssize_t stepped_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%d\n", vgpu_of_dev(dev)->stepped);
}

static ssize_t stepped_store(struct device *dev,
			     struct device_attribute *attr,
			     const char *buf, size_t count)
{
	struct vgpu *vgpu = vgpu_of_dev(dev);
	bool value;
	int ret;

	ret = kstrtobool(buf, &value);
	if (ret)
		return ret;
	mutex_lock(&vgpu_lock);
	vgpu->stepped = value;
	vgpu_update_timers();
	mutex_unlock(&vgpu_lock);
	return count;
}
static DEVICE_ATTR_RW(stepped);

/* "PIPE [async] [command]" for a flip; a cursor also takes "show" and "hide". */
static ssize_t plane_store(struct device *dev, const char *buf, size_t count,
			   enum display_irq_plane which)
{
	struct vgpu *vgpu = vgpu_of_dev(dev);
	struct vgpu_plane *plane;
	unsigned int how = 0;
	int visible = -1;
	char *copy, *text, *word;
	int pipe;
	int ret = -EINVAL;

	copy = kstrndup(buf, count, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	text = copy;
	pipe = next_pipe(&text);
	if (pipe < 0)
		goto out;
	while ((word = next_word(&text))) {
		if (!strcmp(word, "async"))
			how |= DISPLAY_IRQ_FLIP_ASYNC;
		else if (!strcmp(word, "command") &&
			 which == DISPLAY_IRQ_PRIMARY)
			how |= DISPLAY_IRQ_FLIP_COMMAND;
		else if (!strcmp(word, "show") && which == DISPLAY_IRQ_CURSOR)
			visible = 1;
		else if (!strcmp(word, "hide") && which == DISPLAY_IRQ_CURSOR)
			visible = 0;
		else
			goto out;
	}
	if (visible >= 0 && how)
		goto out;

	mutex_lock(&vgpu_lock);
	plane = &vgpu->pipe[pipe].plane[which];
	if (visible >= 0)
		plane->visible = visible;
	else if (which == DISPLAY_IRQ_PRIMARY)
		vgpu_flip(vgpu, pipe, how);
	else
		vgpu_move_cursor(vgpu, pipe, how);
	mutex_unlock(&vgpu_lock);
	ret = 0;
out:
	kfree(copy);
	return ret ? ret : count;
}

static ssize_t flip_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	return plane_store(dev, buf, count, DISPLAY_IRQ_PRIMARY);
}
static DEVICE_ATTR_WO(flip);

static ssize_t cursor_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t count)
{
	return plane_store(dev, buf, count, DISPLAY_IRQ_CURSOR);
}
static DEVICE_ATTR_WO(cursor);

static ssize_t draw_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	struct vgpu *vgpu = vgpu_of_dev(dev);

	if (buf[0] < 'A' || buf[0] >= 'A' + VGPU_PIPES ||
	    (buf[1] && buf[1] != '\n'))
		return -EINVAL;
	mutex_lock(&vgpu_lock);
	vgpu_draw_cell(vgpu, buf[0] - 'A');
	mutex_unlock(&vgpu_lock);
	return count;
}
static DEVICE_ATTR_WO(draw);

static ssize_t pipe_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct vgpu *vgpu = vgpu_of_dev(dev);
	int len = 0;
	int i;

	mutex_lock(&vgpu_lock);
	for (i = 0; i < VGPU_PIPES; i++)
		len += sysfs_emit_at(buf, len, "%c %s\n", 'A' + i,
				     vgpu->pipe[i].enabled ? "on" : "off");
	mutex_unlock(&vgpu_lock);
	return len;
}

static ssize_t pipe_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	struct vgpu *vgpu = vgpu_of_dev(dev);
	char *copy, *text, *word;
	int ret = -EINVAL;
	bool enabled;
	int pipe;

	copy = kstrndup(buf, count, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	text = copy;
	pipe = next_pipe(&text);
	word = next_word(&text);
	if (pipe < 0 || !word || next_word(&text))
		goto out;
	if (!strcmp(word, "on"))
		enabled = true;
	else if (!strcmp(word, "off"))
		enabled = false;
	else
		goto out;

	mutex_lock(&vgpu_lock);
	vgpu_enable_pipe(vgpu, pipe, enabled);
	mutex_unlock(&vgpu_lock);
	ret = 0;
out:
	kfree(copy);
	return ret ? ret : count;
}
static DEVICE_ATTR_RW(pipe);

static ssize_t scenario_show(struct device *dev,
			     struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", scenarios[vgpu_of_dev(dev)->scenario]);
}

static ssize_t scenario_store(struct device *dev,
			      struct device_attribute *attr,
			      const char *buf, size_t count)
{
	struct vgpu *vgpu = vgpu_of_dev(dev);
	int scenario = __sysfs_match_string(scenarios, VGPU_SCENARIOS, buf);

	if (scenario < 0)
		return scenario;
	mutex_lock(&vgpu_lock);
	vgpu_set_scenario(vgpu, scenario);
	mutex_unlock(&vgpu_lock);
	return count;
}
static DEVICE_ATTR_RW(scenario);

/* A line per pipe: what its planes show, for whoever compares pixels. */
static ssize_t picture_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	struct vgpu *vgpu = vgpu_of_dev(dev);
	int len = 0;
	int i;

	mutex_lock(&vgpu_lock);
	for (i = 0; i < VGPU_PIPES; i++) {
		const struct vgpu_plane *primary =
			&vgpu->pipe[i].plane[DISPLAY_IRQ_PRIMARY];
		const struct vgpu_plane *cursor =
			&vgpu->pipe[i].plane[DISPLAY_IRQ_CURSOR];

		len += sysfs_emit_at(buf, len,
				     "%c frame %u draws %u..%u cursor %u at %d,%d%s\n",
				     'A' + i, primary->frame,
				     primary->first_draw, primary->draws,
				     cursor->frame, cursor->x, cursor->y,
				     cursor->visible ? "" : " hidden");
	}
	mutex_unlock(&vgpu_lock);
	return len;
}
static DEVICE_ATTR_RO(picture);

static ssize_t mode_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct vgpu *vgpu = vgpu_of_dev(dev);
	const struct vgpu_layout *layout =
		&vgpu->pipe[0].plane[DISPLAY_IRQ_PRIMARY].layout;
	int len;

	mutex_lock(&vgpu_lock);
	len = sysfs_emit(buf, "%ux%u\n", layout->width, layout->height);
	mutex_unlock(&vgpu_lock);
	return len;
}

static ssize_t mode_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	struct vgpu *vgpu = vgpu_of_dev(dev);
	char *copy, *height_text;
	int ret = -EINVAL;
	u32 width, height;

	copy = kstrndup(buf, count, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	height_text = copy;
	strsep(&height_text, "x");
	if (height_text && !kstrtou32(copy, 10, &width) &&
	    !kstrtou32(height_text, 10, &height)) {
		mutex_lock(&vgpu_lock);
		ret = vgpu_set_mode(vgpu, width, height);
		mutex_unlock(&vgpu_lock);
	}
	kfree(copy);
	return ret ? ret : count;
}
static DEVICE_ATTR_RW(mode);

static int next_s32(char **text, s32 *value)
{
	const char *word = next_word(text);

	return word ? kstrtos32(word, 10, value) : -EINVAL;
}

static int next_u32(char **text, u32 *value)
{
	const char *word = next_word(text);

	return word ? kstrtou32(word, 10, value) : -EINVAL;
}

/* "X Y": of either sign, as the guest programs it. */
static ssize_t cursor_position_store(struct device *dev,
				     struct device_attribute *attr,
				     const char *buf, size_t count)
{
	struct vgpu *vgpu = vgpu_of_dev(dev);
	char *copy, *text;
	int ret = -EINVAL;
	s32 x, y;

	copy = kstrndup(buf, count, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	text = copy;
	if (next_s32(&text, &x) || next_s32(&text, &y) || next_word(&text) ||
	    abs(x) > VGPU_MAX_FOREIGN_SIZE || abs(y) > VGPU_MAX_FOREIGN_SIZE)
		goto out;
	mutex_lock(&vgpu_lock);
	vgpu_place_cursor(vgpu, x, y);
	mutex_unlock(&vgpu_lock);
	ret = 0;
out:
	kfree(copy);
	return ret ? ret : count;
}
static DEVICE_ATTR_WO(cursor_position);

/* "X Y" or "unknown": what the guest has told of its cursor's hot spot. */
static ssize_t hot_store(struct device *dev, struct device_attribute *attr,
			 const char *buf, size_t count)
{
	struct vgpu *vgpu = vgpu_of_dev(dev);
	u32 x = VGPU_HOT_UNKNOWN;
	u32 y = VGPU_HOT_UNKNOWN;
	char *copy, *text;
	int ret = -EINVAL;
	int pipe;

	copy = kstrndup(buf, count, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	text = copy;
	if (!sysfs_streq(buf, "unknown") &&
	    (next_u32(&text, &x) || next_u32(&text, &y) || next_word(&text)))
		goto out;
	mutex_lock(&vgpu_lock);
	for (pipe = 0; pipe < VGPU_PIPES; pipe++) {
		vgpu->pipe[pipe].plane[DISPLAY_IRQ_CURSOR].x_hot = x;
		vgpu->pipe[pipe].plane[DISPLAY_IRQ_CURSOR].y_hot = y;
	}
	mutex_unlock(&vgpu_lock);
	ret = 0;
out:
	kfree(copy);
	return ret ? ret : count;
}

static ssize_t hot_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	struct vgpu *vgpu = vgpu_of_dev(dev);
	const struct vgpu_plane *plane =
		&vgpu->pipe[0].plane[DISPLAY_IRQ_CURSOR];
	int len;

	mutex_lock(&vgpu_lock);
	if (plane->x_hot == VGPU_HOT_UNKNOWN)
		len = sysfs_emit(buf, "unknown\n");
	else
		len = sysfs_emit(buf, "%u %u\n", plane->x_hot, plane->y_hot);
	mutex_unlock(&vgpu_lock);
	return len;
}
static DEVICE_ATTR_RW(hot);

/* "WIDTH HEIGHT STRIDE FOURCC [MODIFIER]" */
static int parse_layout(char *text, struct vgpu_layout *layout)
{
	const char *word;
	u64 modifier;

	if (next_u32(&text, &layout->width) ||
	    next_u32(&text, &layout->height) ||
	    next_u32(&text, &layout->stride))
		return -EINVAL;
	word = next_word(&text);
	layout->format = word ? vgpu_format_by_name(word) : NULL;
	layout->tiling = vgpu_tiling_linear;
	word = next_word(&text);
	if (word && !kstrtou64(word, 0, &modifier))
		layout->tiling = vgpu_tiling_by_modifier(modifier);
	else if (word)
		layout->tiling = vgpu_tiling_by_name(word);
	return layout->format && layout->tiling && !next_word(&text) ?
		0 : -EINVAL;
}

/* "none", or a dma-buf of the writer's and the picture in it. */
static ssize_t scanout_store(struct device *dev, struct device_attribute *attr,
			     const char *buf, size_t count)
{
	struct vgpu *vgpu = vgpu_of_dev(dev);
	struct vgpu_layout layout = {};
	char *copy, *text;
	u32 fd;
	int ret;

	copy = kstrndup(buf, count, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	text = copy;
	mutex_lock(&vgpu_lock);
	if (sysfs_streq(buf, "none")) {
		vgpu_end_scanout(vgpu);
		ret = 0;
	} else {
		ret = next_u32(&text, &fd);
		if (!ret)
			ret = parse_layout(text, &layout);
		if (!ret)
			ret = vgpu_set_scanout(vgpu, fd, &layout);
	}
	mutex_unlock(&vgpu_lock);
	kfree(copy);
	return ret ? ret : count;
}
static DEVICE_ATTR_WO(scanout);

static ssize_t buffers_alive_show(struct device *dev,
				  struct device_attribute *attr, char *buf)
{
	unsigned int framebuffers, dmabufs;

	mutex_lock(&vgpu_lock);
	vgpu_count_dmabufs(vgpu_of_dev(dev), &framebuffers, &dmabufs);
	mutex_unlock(&vgpu_lock);
	return sysfs_emit(buf, "%u\n", framebuffers);
}
static DEVICE_ATTR_RO(buffers_alive);

static ssize_t dmabufs_alive_show(struct device *dev,
				  struct device_attribute *attr, char *buf)
{
	unsigned int framebuffers, dmabufs;

	mutex_lock(&vgpu_lock);
	vgpu_count_dmabufs(vgpu_of_dev(dev), &framebuffers, &dmabufs);
	mutex_unlock(&vgpu_lock);
	return sysfs_emit(buf, "%u\n", dmabufs);
}
static DEVICE_ATTR_RO(dmabufs_alive);

static ssize_t heuristic_show(struct device *dev,
			      struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n",
			  display_irq_heuristic(&vgpu_of_dev(dev)->irq));
}

static ssize_t heuristic_store(struct device *dev,
			       struct device_attribute *attr,
			       const char *buf, size_t count)
{
	int value;
	int ret;

	ret = kstrtoint(buf, 0, &value);
	if (ret)
		return ret;
	if (value < 0)
		return -EINVAL;
	display_irq_set_heuristic(&vgpu_of_dev(dev)->irq, value);
	return count;
}
static DEVICE_ATTR_RW(heuristic);

static ssize_t reset_counters_store(struct device *dev,
				    struct device_attribute *attr,
				    const char *buf, size_t count)
{
	struct vgpu *vgpu = vgpu_of_dev(dev);

	if (!sysfs_streq(buf, "1"))
		return -EINVAL;
	mutex_lock(&vgpu_lock);
	vgpu->vblanks = 0;
	vgpu->opens = 0;
	display_irq_reset_counters(&vgpu->irq);
	mutex_unlock(&vgpu_lock);
	return count;
}
static DEVICE_ATTR_WO(reset_counters);

static ssize_t dialect_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	const struct display_irq *irq = &vgpu_of_dev(dev)->irq;

	return sysfs_emit(buf, "%s\n",
			  display_irq_dialect_name(display_irq_dialect(irq)));
}
static DEVICE_ATTR_RO(dialect);

/* A digit for each eventfd: v2 has two. */
static ssize_t armed_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct display_irq *irq = &vgpu_of_dev(dev)->irq;
	unsigned int triggers = max(display_irq_num_triggers(irq), 1U);
	unsigned int i;
	int len = 0;

	for (i = 0; i < triggers; i++)
		len += sysfs_emit_at(buf, len, "%d",
				     display_irq_armed(irq, i));
	return len + sysfs_emit_at(buf, len, "\n");
}
static DEVICE_ATTR_RO(armed);

static ssize_t masked_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%d\n",
			  display_irq_masked(&vgpu_of_dev(dev)->irq));
}
static DEVICE_ATTR_RO(masked);

static ssize_t vblanks_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(vgpu_of_dev(dev)->vblanks));
}
static DEVICE_ATTR_RO(vblanks);

static ssize_t opens_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(vgpu_of_dev(dev)->opens));
}
static DEVICE_ATTR_RO(opens);

#define COUNTER_ATTR(name)						\
static ssize_t name##_show(struct device *dev,				\
			   struct device_attribute *attr, char *buf)	\
{									\
	struct display_irq_counters counters;				\
									\
	display_irq_read_counters(&vgpu_of_dev(dev)->irq, &counters);	\
	return sysfs_emit(buf, "%llu\n", counters.name);		\
}									\
static DEVICE_ATTR_RO(name)

COUNTER_ATTR(signalled_calls);
COUNTER_ATTR(signalled_primary);
COUNTER_ATTR(signalled_cursor);
COUNTER_ATTR(signalled_raw);
COUNTER_ATTR(dropped_masked);
COUNTER_ATTR(heuristic_primary);
COUNTER_ATTR(forbidden_calls);

static struct attribute *attributes[] = {
	&dev_attr_armed.attr,
	&dev_attr_buffers_alive.attr,
	&dev_attr_cursor.attr,
	&dev_attr_cursor_position.attr,
	&dev_attr_dialect.attr,
	&dev_attr_dmabufs_alive.attr,
	&dev_attr_draw.attr,
	&dev_attr_dropped_masked.attr,
	&dev_attr_flip.attr,
	&dev_attr_forbidden_calls.attr,
	&dev_attr_heuristic.attr,
	&dev_attr_heuristic_primary.attr,
	&dev_attr_hot.attr,
	&dev_attr_masked.attr,
	&dev_attr_mode.attr,
	&dev_attr_opens.attr,
	&dev_attr_picture.attr,
	&dev_attr_pipe.attr,
	&dev_attr_reset_counters.attr,
	&dev_attr_scanout.attr,
	&dev_attr_scenario.attr,
	&dev_attr_signalled_calls.attr,
	&dev_attr_signalled_cursor.attr,
	&dev_attr_signalled_primary.attr,
	&dev_attr_signalled_raw.attr,
	&dev_attr_step.attr,
	&dev_attr_stepped.attr,
	&dev_attr_vblanks.attr,
	NULL,
};

const struct attribute_group vgpu_attribute_group = {
	.name = "vgpu",
	.attrs = attributes,
};
