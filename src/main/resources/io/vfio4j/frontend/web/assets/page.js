// What the pages of one screen share.

export const path = document.body.dataset.path;
export const screen = document.getElementById('screen');

const status = document.getElementById('status');

export function say(text, trouble = false) {
    status.textContent = text;
    status.classList.toggle('trouble', trouble);
}

/** The buttons for scaling and full screen; onScale is told whether the picture is to fit. */
export function tools(onScale) {
    const scale = document.getElementById('scale');
    let fit = true;
    const apply = () => {
        scale.setAttribute('aria-pressed', String(fit));
        screen.classList.toggle('fit', fit);
        onScale(fit);
    };
    scale.addEventListener('click', () => {
        fit = !fit;
        apply();
    });
    document.getElementById('full').addEventListener('click', () => {
        if (document.fullscreenElement) {
            document.exitFullscreen();
        } else {
            screen.requestFullscreen().catch(() => say('The browser allows no full screen.', true));
        }
    });
    document.getElementById('tools').hidden = false;
    apply();
    return () => fit;
}
