// SPDX-License-Identifier: GPL-2.0
/*
 * vgpu_mdev: the guest that is not there. Its pipes, the vblanks that it gets,
 * and what it does at each of them.
 */
#include "vgpu.h"

/* What the drivers of 2019 take for a frame, and what later ones do. */
#define PERIOD_CLASSIC_NS	16000000
#define PERIOD_OWN_NS		16666667

/* --------------------------------------------------------- guest actions */

static void next_frame(struct vgpu *vgpu, unsigned int pipe)
{
	struct vgpu_plane *plane =
		&vgpu->pipe[pipe].plane[DISPLAY_IRQ_PRIMARY];

	plane->current_buffer = (plane->current_buffer + 1) % plane->buffers;
	plane->frame++;
	plane->first_draw = plane->draws;
	vgpu_draw_frame(vgpu, pipe, DISPLAY_IRQ_PRIMARY);
}

/**
 * vgpu_flip - the guest flips a primary plane to its next framebuffer
 * @vgpu: the vGPU
 * @pipe: the plane's pipe
 * @how: flags of display_irq_flip()
 */
void vgpu_flip(struct vgpu *vgpu, unsigned int pipe, unsigned int how)
{
	next_frame(vgpu, pipe);
	display_irq_flip(&vgpu->irq, pipe, DISPLAY_IRQ_PRIMARY, how);
}

/**
 * vgpu_set_mode - the guest changes the mode of all pipes
 * @vgpu: the vGPU
 * @width: in pixels
 * @height: in lines
 *
 * Each pipe gets other framebuffers, and those that are on flip to theirs.
 *
 * Return: 0, or -EINVAL for a mode that the guest cannot have.
 */
int vgpu_set_mode(struct vgpu *vgpu, u32 width, u32 height)
{
	unsigned int pipe;

	lockdep_assert_held(&vgpu_lock);
	if (width < VGPU_MIN_WIDTH || width > VGPU_MAX_WIDTH ||
	    height < VGPU_MIN_HEIGHT || height > VGPU_MAX_HEIGHT)
		return -EINVAL;
	for (pipe = 0; pipe < VGPU_PIPES; pipe++) {
		vgpu_set_layout(vgpu, pipe, width, height);
		if (vgpu->pipe[pipe].enabled)
			vgpu_flip(vgpu, pipe, 0);
		else
			next_frame(vgpu, pipe);
	}
	return 0;
}

/**
 * vgpu_place_cursor - the guest moves all cursors, with the images they have
 * @vgpu: the vGPU
 * @x: in pixels, of either sign
 * @y: in lines, of either sign
 */
void vgpu_place_cursor(struct vgpu *vgpu, s32 x, s32 y)
{
	unsigned int pipe;

	for (pipe = 0; pipe < VGPU_PIPES; pipe++) {
		struct vgpu_plane *plane =
			&vgpu->pipe[pipe].plane[DISPLAY_IRQ_CURSOR];

		plane->x = x;
		plane->y = y;
		if (vgpu->pipe[pipe].enabled)
			display_irq_flip(&vgpu->irq, pipe, DISPLAY_IRQ_CURSOR,
					 0);
	}
}

/**
 * vgpu_move_cursor - the guest gives a cursor its next image and position
 * @vgpu: the vGPU
 * @pipe: the cursor's pipe
 * @how: flags of display_irq_flip()
 */
void vgpu_move_cursor(struct vgpu *vgpu, unsigned int pipe, unsigned int how)
{
	struct vgpu_plane *screen =
		&vgpu->pipe[pipe].plane[DISPLAY_IRQ_PRIMARY];
	struct vgpu_plane *plane =
		&vgpu->pipe[pipe].plane[DISPLAY_IRQ_CURSOR];

	plane->current_buffer = (plane->current_buffer + 1) % plane->buffers;
	plane->frame++;
	plane->x = 8 * plane->frame % screen->layout.width;
	plane->y = 4 * plane->frame % screen->layout.height;
	vgpu_draw_frame(vgpu, pipe, DISPLAY_IRQ_CURSOR);
	display_irq_flip(&vgpu->irq, pipe, DISPLAY_IRQ_CURSOR, how);
}

static void guest_act(struct vgpu *vgpu, unsigned int pipe)
{
	if (!vgpu->pipe[pipe].enabled)
		return;
	switch (vgpu->scenario) {
	case VGPU_FLIP:
		vgpu_flip(vgpu, pipe, 0);
		break;
	case VGPU_CURSOR:
		vgpu_move_cursor(vgpu, pipe, 0);
		break;
	case VGPU_CONSOLE:
		vgpu_draw_cell(vgpu, pipe);
		break;
	default:
		break;
	}
}

/**
 * vgpu_set_scenario - the guest acts at once, and then after each vblank
 * @vgpu: the vGPU
 * @scenario: what it does
 */
void vgpu_set_scenario(struct vgpu *vgpu, enum vgpu_scenario scenario)
{
	unsigned int pipe;

	vgpu->scenario = scenario;
	for (pipe = 0; pipe < VGPU_PIPES; pipe++)
		guest_act(vgpu, pipe);
}

/**
 * vgpu_enable_pipe - the guest switches a pipe
 * @vgpu: the vGPU
 * @pipe: the pipe
 * @enabled: on or off
 */
void vgpu_enable_pipe(struct vgpu *vgpu, unsigned int pipe, bool enabled)
{
	const int before = vgpu_active_pipe(vgpu);
	int shown;

	vgpu->pipe[pipe].enabled = enabled;
	shown = vgpu_active_pipe(vgpu);
	if (shown >= 0 && shown != before) {
		/* A region lacks what was drawn while it showed another one. */
		vgpu_draw_frame(vgpu, shown, DISPLAY_IRQ_PRIMARY);
		vgpu_draw_frame(vgpu, shown, DISPLAY_IRQ_CURSOR);
	}
	vgpu_update_timers();
}

/* --------------------------------------------------------------- vblanks */

static struct vgpu_timer common_timer;

/* All vGPUs of 2019's drivers hang off one timer, later ones have their own. */
static bool has_own_timer(const struct vgpu *vgpu)
{
	switch (display_irq_dialect(&vgpu->irq)) {
	case DISPLAY_IRQ_NONE:
	case DISPLAY_IRQ_PORT:
	case DISPLAY_IRQ_PORT_DISPLAY:
		return true;
	default:
		return false;
	}
}

static bool has_pipe(const struct vgpu *vgpu)
{
	int i;

	for (i = 0; i < VGPU_PIPES; i++)
		if (vgpu->pipe[i].enabled)
			return true;
	return false;
}

static bool common_has_pipe(void)
{
	const struct vgpu *vgpu;

	list_for_each_entry(vgpu, &vgpu_list, node)
		if (vgpu->open && !has_own_timer(vgpu) && has_pipe(vgpu))
			return true;
	return false;
}

/* Vblanks are emulated for a vGPU in use, while a pipe somewhere needs them. */
static bool has_vblanks(const struct vgpu *vgpu)
{
	if (!vgpu->open)
		return false;
	return has_own_timer(vgpu) ? has_pipe(vgpu) : common_has_pipe();
}

static void vblank(struct vgpu *vgpu)
{
	unsigned int pipe;

	vgpu->vblanks++;
	for (pipe = 0; pipe < VGPU_PIPES; pipe++) {
		display_irq_vblank(&vgpu->irq, pipe,
				   vgpu->pipe[pipe].enabled);
		guest_act(vgpu, pipe);
	}
}

/**
 * vgpu_step - a vblank now, if there are any
 * @vgpu: the vGPU, which is stepped
 */
void vgpu_step(struct vgpu *vgpu)
{
	if (has_vblanks(vgpu))
		vblank(vgpu);
}

static enum hrtimer_restart on_timer(struct hrtimer *hrtimer)
{
	struct vgpu_timer *timer =
		container_of(hrtimer, struct vgpu_timer, timer);

	queue_work(system_highpri_wq, &timer->work);
	hrtimer_forward_now(hrtimer, timer->period);
	return HRTIMER_RESTART;
}

static void on_common_work(struct work_struct *work)
{
	struct vgpu *vgpu;

	mutex_lock(&vgpu_lock);
	if (common_timer.running)
		list_for_each_entry(vgpu, &vgpu_list, node)
			if (!vgpu->stepped && !has_own_timer(vgpu) &&
			    has_vblanks(vgpu))
				vblank(vgpu);
	mutex_unlock(&vgpu_lock);
}

static void on_own_work(struct work_struct *work)
{
	struct vgpu *vgpu = container_of(work, struct vgpu, timer.work);

	mutex_lock(&vgpu_lock);
	if (vgpu->timer.running)
		vblank(vgpu);
	mutex_unlock(&vgpu_lock);
}

static void timer_init(struct vgpu_timer *timer, u64 period_ns,
		       work_func_t function)
{
	hrtimer_init(&timer->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	timer->timer.function = on_timer;
	timer->period = ns_to_ktime(period_ns);
	INIT_WORK(&timer->work, function);
}

static void timer_run(struct vgpu_timer *timer, bool run)
{
	if (run == timer->running)
		return;
	timer->running = run;
	if (run)
		hrtimer_start(&timer->timer, timer->period, HRTIMER_MODE_REL);
	else
		hrtimer_cancel(&timer->timer);
}

/**
 * vgpu_update_timers - start and stop what a change of state asks for
 *
 * Called with vgpu_lock held. No vblank of a stopped timer follows.
 */
void vgpu_update_timers(void)
{
	bool common = false;
	struct vgpu *vgpu;

	lockdep_assert_held(&vgpu_lock);
	list_for_each_entry(vgpu, &vgpu_list, node) {
		bool run = !vgpu->stepped && has_vblanks(vgpu);

		if (has_own_timer(vgpu))
			timer_run(&vgpu->timer, run);
		else
			common |= run;
	}
	timer_run(&common_timer, common);
}

void vgpu_timers_init(void)
{
	timer_init(&common_timer, PERIOD_CLASSIC_NS, on_common_work);
}

void vgpu_timers_exit(void)
{
	cancel_work_sync(&common_timer.work);
}

/* ------------------------------------------------------------------ life */

/* Its display and its planes' memory are there already. */
void vgpu_guest_init(struct vgpu *vgpu, const struct vgpu_type *type)
{
	struct vgpu_plane *plane;
	int i;

	timer_init(&vgpu->timer, PERIOD_OWN_NS, on_own_work);
	mutex_lock(&vgpu_lock);
	for (i = 0; i < VGPU_PIPES; i++) {
		plane = &vgpu->pipe[i].plane[DISPLAY_IRQ_PRIMARY];
		plane->visible = true;
		plane->buffers = vgpu->display.regions ? 1 :
				 vgpu->display.buffers;
		vgpu_set_layout(vgpu, i, type->width, type->height);

		plane = &vgpu->pipe[i].plane[DISPLAY_IRQ_CURSOR];
		plane->visible = true;
		plane->buffers = VGPU_CURSOR_BUFFERS;
		plane->x_hot = VGPU_HOT_UNKNOWN;
		plane->y_hot = VGPU_HOT_UNKNOWN;
		vgpu_layout_make(&plane->layout, vgpu_format_cursor,
				 vgpu_tiling_linear, VGPU_CURSOR_SIZE,
				 VGPU_CURSOR_SIZE);
	}
	vgpu_enable_pipe(vgpu, 0, true);
	mutex_unlock(&vgpu_lock);
}

/* The vGPU is closed and off the list. */
void vgpu_guest_exit(struct vgpu *vgpu)
{
	hrtimer_cancel(&vgpu->timer.timer);
	cancel_work_sync(&vgpu->timer.work);
}
